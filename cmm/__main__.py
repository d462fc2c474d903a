"""`python -m cmm VERB ...`: every stage of the workflow as a command."""

import sys

from cmm.cli import main

sys.exit(main())
