"""Scores of generated sequences: how they are measured, and their statistics."""
