"""Trained methods in one file each, with a card that says what they are."""
