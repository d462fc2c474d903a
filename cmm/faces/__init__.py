"""Faces: tracking, action units, smile phases, alignment, landmark rasters, the HDF5 store."""
