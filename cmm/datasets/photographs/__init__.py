"""Smile videos made of photographs."""
