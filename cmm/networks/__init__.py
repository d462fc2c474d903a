"""Networks that two methods or more use: no training, no files but their own weights."""
