"""What a user sees as a line, not as a traceback."""

ANEW = "delete it, and run the stage that makes it"  # what to do about a damaged result


class UserError(Exception):
    """Bad input: the message says what, where, and what to do about it."""


def reason(error):
    """What another library's exception says, in part of a line."""
    lines = str(error).split("\n")
    return next((line.strip()[:200] for line in lines if line.strip()), type(error).__name__)
