"""Training: one module a stage, one shared loop."""

HELD_OUT = "_held_out"  # behind the name of a loss in the table of losses: that of people held out
