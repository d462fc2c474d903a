"""Faces: tracking, landmarks and their images, alignment, action units."""
