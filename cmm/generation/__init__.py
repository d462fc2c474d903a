"""Landmark sequences and videos from trained networks."""
