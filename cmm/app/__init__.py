"""A page to try photographs on: `cmm app`. All stays on the machine, in memory."""
