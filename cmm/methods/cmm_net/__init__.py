"""CMM-Net (Wang et al. 2018), the method that this project reproduces."""
