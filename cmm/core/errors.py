"""The one exception that a user sees as a line, not as a traceback."""


class UserError(Exception):
    """Bad input: the message says what, where, and what to do about it."""
