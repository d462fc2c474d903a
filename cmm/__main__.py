"""`python -m cmm VERB ...`: every stage of the workflow as a command."""

import sys

from cmm.cli import main

if __name__ == "__main__":  # a worker's process imports this module, too
    sys.exit(main())
