"""Who may rate: a rater is a token in a cookie, given out by this study, and new ones come at a limited pace."""

import hashlib
import hmac
import re
import secrets
import time
from collections import deque

from cmm.study.database import Refused

TOKEN = re.compile(r"([\w-]{16,64})(?:\.([0-9a-f]{16}))?")
MINUTE = 60.0  # seconds


class NotInvited(Refused):
    status = 403


class TooMany(Refused):
    status = 429


class Raters:
    """The raters of a Database: `most` of them may answer, and `most_new` come in a minute.

    Where there are invitations, they alone let a new rater in, however many come.
    """

    def __init__(self, database, most, most_new):
        self.database, self.most, self.most_new = database, most, most_new
        self.key = database.key.encode()
        self.new = deque()  # times at which the last ones came

    def token(self):
        """A new token, which nobody else can make."""
        token = secrets.token_urlsafe(16)
        return f"{token}.{self._signature(token)}"

    def invited(self, token):
        """The token of an invitation, or None."""
        return token if token and TOKEN.fullmatch(token) and self.database.has_invited(token) else None

    def known(self, token):
        """Whether a token is one of this study's: signed, invited, or entered by an earlier version."""
        found = TOKEN.fullmatch(token or "")
        if found is None:
            return False
        signed = found[2] is not None and hmac.compare_digest(found[2], self._signature(found[1]))
        return signed or self.database.has_invited(token) or self.database.has_rater(token)

    def admit(self, count, token):
        """Refused unless a new rater may come in now. `count(query, *words)` is the number that a query of the file
        gives, in the transaction that enters the rater."""
        if count("SELECT count(*) FROM invitations"):
            if not count("SELECT count(*) FROM invitations WHERE token = ?", token):
                raise NotInvited("this study is for those who were invited: open the link that you were sent")
            return
        if count("SELECT count(DISTINCT rater) FROM answers") >= self.most:
            raise TooMany("this study has as many raters as it takes: thank you for coming")
        now = time.monotonic()
        while self.new and now - self.new[0] > MINUTE:
            self.new.popleft()
        if len(self.new) >= self.most_new:
            raise TooMany("very many raters come just now: wait a minute")
        self.new.append(now)

    def _signature(self, token):
        return hmac.new(self.key, token.encode(), hashlib.sha256).hexdigest()[:16]
