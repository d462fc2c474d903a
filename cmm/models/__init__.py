"""Networks only: no training, no files but their own weights."""
