"""From videos to training sequences: tracks, smile phases, rasters, smiles.h5."""
