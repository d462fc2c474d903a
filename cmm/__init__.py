"""CMM-Net: landmark-guided diverse smile generation (Wang et al., CVPR 2018)."""

__version__ = "0.1.0"
