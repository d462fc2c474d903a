"""Video-GAN (Vondrick et al. 2016), the paper's baseline."""
