"""Training: one module a stage, one shared loop."""
