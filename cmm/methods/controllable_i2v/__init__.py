"""Controllable image-to-video translation (Fan et al. 2018): any length, any strength."""
