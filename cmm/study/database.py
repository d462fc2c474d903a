"""Answers of the raters in SQLite: what was offered to whom and what was said, on disk before the next pair."""

import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path
from secrets import token_hex, token_urlsafe

import numpy as np
import pandas as pd

from cmm.core.errors import UserError

ANSWERS = ("left", "right", "similar")
TABLES = """
CREATE TABLE study (seed INTEGER NOT NULL, name TEXT NOT NULL, pairs TEXT NOT NULL);
CREATE TABLE raters (rater TEXT PRIMARY KEY, number INTEGER UNIQUE NOT NULL, came TEXT NOT NULL);
CREATE TABLE offers (
    rater TEXT NOT NULL REFERENCES raters, position INTEGER NOT NULL, pair TEXT NOT NULL, swapped INTEGER NOT NULL,
    offered TEXT, PRIMARY KEY (rater, pair), UNIQUE (rater, position));
CREATE TABLE answers (
    rater TEXT NOT NULL, pair TEXT NOT NULL, answer TEXT NOT NULL CHECK (answer IN ('left', 'right', 'similar')),
    at TEXT NOT NULL, PRIMARY KEY (rater, pair), FOREIGN KEY (rater, pair) REFERENCES offers);
"""


MORE_TABLES = """
CREATE TABLE IF NOT EXISTS key (key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS invitations (token TEXT PRIMARY KEY, made TEXT NOT NULL);
"""  # since version 0.2: files of before get them, too
BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
WAIT = 5.0  # seconds for others who write: then the page asks again


class Refused(Exception):
    """What is not taken; the message says why."""

    status = 409  # of the answer over HTTP


class Database:
    """The answers to the pairs of one study, and these pairs: the study's folder may have been made anew since.

    A file of another set of pairs is refused. Without `pairs`, the file must be there.
    """

    def __init__(self, path, pairs=None, seed=0):
        self.path = Path(path)
        text = None if pairs is None else pairs.to_csv(index=False)
        try:
            with self._open() as file:
                if text is not None and not file.execute("SELECT 1 FROM sqlite_master").fetchone():
                    for table in filter(str.strip, TABLES.split(";")):  # executescript would end the transaction
                        file.execute(table)
                    file.execute("INSERT INTO study VALUES (?, ?, ?)", (int(seed), token_hex(4), text))
                found = file.execute("SELECT seed, name, pairs FROM study").fetchone()
                for table in filter(str.strip, MORE_TABLES.split(";")):
                    file.execute(table)
                if not file.execute("SELECT 1 FROM key").fetchone():
                    file.execute("INSERT INTO key VALUES (?)", (token_hex(32),))
                self.key = file.execute("SELECT key FROM key").fetchone()[0]
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "").startswith(BUSY):
                raise UserError(f"{path} cannot be used now ({error}): another program writes it; try again") from error
            raise UserError(f"{path} is no database of a study ({error}): name another file") from error
        if found is None or text not in (None, found[2]):
            raise UserError(f"{path} holds answers to another set of pairs: name a new file, or that study's folder")
        self.seed, self.name, text = found
        self.digest = sha256(text.encode()).hexdigest()
        self.about = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
        self.pairs = list(self.about["pair"])

    def offer(self, rater, admit=None):
        """(pair, whether its sides are swapped, position from 0) that a rater is to see now; None after the last.

        Who comes for the first time is entered, and the order and the sides of all pairs are drawn, unless
        `admit(count, rater)` raises Refused.
        """
        with self._open() as file:
            if file.execute("SELECT 1 FROM raters WHERE rater = ?", (rater,)).fetchone() is None:
                if admit is not None:
                    admit(lambda query, *words: file.execute(query, words).fetchone()[0], rater)
                self._enter(file, rater)
            found = self._next(file, rater)
            if found is not None:
                file.execute("UPDATE offers SET offered = coalesce(offered, ?) WHERE rater = ? AND pair = ?",
                             (_now(), rater, found[0]))  # fmt: skip
        return found and (found[0], bool(found[1]), found[2])

    def answer(self, rater, pair, answer):
        """Keep an answer; Refused unless it is to the pair that the rater was offered."""
        if answer not in ANSWERS:
            raise Refused(f"no answer {answer!r}: {', '.join(ANSWERS)}")
        with self._open() as file:
            if file.execute("SELECT 1 FROM answers WHERE rater = ? AND pair = ?", (rater, pair)).fetchone():
                raise Refused("this pair has been rated already")
            current = self._next(file, rater)
            if current is None or current[0] != pair or current[3] is None:
                raise Refused("this pair was not offered")
            file.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (rater, pair, answer, _now()))

    def invite(self, count):
        """Enter `count` invitations; their tokens."""
        tokens = [token_urlsafe(16) for _ in range(count)]
        with self._open() as file:
            file.executemany("INSERT INTO invitations VALUES (?, ?)", [(token, _now()) for token in tokens])
        return tokens

    def invitations(self):
        """How many there are."""
        return self._one("SELECT count(*) FROM invitations")

    def has_invited(self, token):
        return bool(self._one("SELECT count(*) FROM invitations WHERE token = ?", token))

    def has_rater(self, token):
        return bool(self._one("SELECT count(*) FROM raters WHERE rater = ?", token))

    def ratings(self):
        """DataFrame of all answers: study (the digest of its pairs), database (its name), rater (a number), pair,
        swapped, answer, offered, at (UTC)."""
        query = """SELECT raters.number AS rater, pair, swapped, answer, offered, at
            FROM answers JOIN offers USING (rater, pair) JOIN raters USING (rater) ORDER BY at, rater"""
        with self._open() as file:
            cursor = file.execute(query)
            table = pd.DataFrame(cursor.fetchall(), columns=[entry[0] for entry in cursor.description])
        return table.assign(study=self.digest[:12], database=self.name)

    def _enter(self, file, rater):
        number = file.execute("SELECT count(*) FROM raters").fetchone()[0]
        rng = np.random.default_rng((self.seed, number))
        order, swapped = rng.permutation(len(self.pairs)), rng.random(len(self.pairs)) < 0.5
        file.execute("INSERT INTO raters VALUES (?, ?, ?)", (rater, number, _now()))
        rows = [(rater, k, self.pairs[i], int(swapped[i])) for k, i in enumerate(order)]
        file.executemany("INSERT INTO offers VALUES (?, ?, ?, ?, NULL)", rows)

    def _next(self, file, rater):
        return file.execute(
            """SELECT pair, swapped, position, offered FROM offers LEFT JOIN answers USING (rater, pair)
            WHERE rater = ? AND answer IS NULL ORDER BY position LIMIT 1""",
            (rater,),
        ).fetchone()

    def _one(self, query, *words):
        """The one number of a query."""
        with closing(sqlite3.connect(self.path, timeout=WAIT)) as file:
            return file.execute(query, words).fetchone()[0]

    @contextmanager
    def _open(self):
        """One transaction, on disk when it ends; raters who come at once wait for each other."""
        try:
            file = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
        except sqlite3.Error as error:
            raise UserError(f"cannot open {self.path}: {error}") from error
        try:
            file.execute("PRAGMA synchronous = FULL")
            file.execute("PRAGMA foreign_keys = ON")
            file.execute("BEGIN IMMEDIATE")
            yield file
            file.execute("COMMIT")
        finally:
            file.close()  # rolls back what was not committed


def _now():
    return datetime.now(UTC).isoformat(timespec="milliseconds")
