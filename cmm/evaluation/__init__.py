"""Metrics, one pure function each, and the tables made from their rows."""
