"""The tables and pages of the report."""
