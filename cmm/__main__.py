"""`python -m cmm VERB ...`: every stage of the workflow as a command."""

from cmm.cli import script

if __name__ == "__main__":  # a worker's process imports this module, too
    script()
