"""What the rules import: the configuration and its description."""
