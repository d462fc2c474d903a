"""What scripts that prove something share: numbers held against bounds, a line each, and one line for an error."""

import sys

from cmm.core.errors import UserError


def run(main):
    """Call main with the words of the command line and exit with what it returns, or with the line of a UserError."""
    try:
        sys.exit(main(*sys.argv[1:]))
    except UserError as error:
        sys.exit(str(error))


def report(checks):
    """Print (name, value, ">=" or "<=", bound) of each check; the exit code: 1 if one does not hold."""
    held = [value >= bound if sign == ">=" else value <= bound for _, value, sign, bound in checks]
    width = max(len(name) for name, *_ in checks) + 2
    for (name, value, sign, bound), good in zip(checks, held, strict=True):
        print(f"{name:{width}}{value:8.3f}   {sign} {bound:.3f}   {'ok' if good else 'FAILS'}")
    return 0 if all(held) else 1
