"""What stands before our pages: a body that is refused is read to its end, or the answer would be lost with it."""

import asyncio

import pytest

from cmm.core import servers
from cmm.core.servers import Guard


def asked(pieces, headers, most_bytes=None):
    """(status, answered after how many pieces) of a POST whose body comes in `pieces`, behind a Guard."""
    waiting, answers = [{"body": piece, "more_body": True} for piece in pieces] + [{"body": b""}], []
    came = []

    async def receive():
        came.append(waiting.pop(0) | {"type": "http.request"})
        return came[-1]

    async def send(message):
        answers.append((message.get("status"), len(came)))

    async def never(scope, receive, send):
        pytest.fail("a refused request reached the page")

    scope = {"type": "http", "method": "POST", "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}
    asyncio.run(Guard(never, most_bytes)(scope, receive, send))
    return answers[0]


def test_a_refused_body_is_read_to_its_end_before_the_answer():
    stranger = {"origin": "https://stranger.example", "host": "localhost:8000"}
    assert asked([b"x" * 10] * 3, stranger) == (403, 4)
    assert asked([b"x" * 10] * 3, {"content-length": "30"}, most_bytes=20) == (413, 4)


def test_a_refused_body_without_an_end_is_not_read_for_ever(monkeypatch):
    monkeypatch.setattr(servers, "DRAINED", 50)
    stranger = {"origin": "https://stranger.example", "host": "localhost:8000"}
    assert asked([b"x" * 10] * 100, stranger) == (403, 6)
