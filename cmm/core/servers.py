"""Pages of ours: a server on this machine, or for others who reach it."""

import ipaddress
import json
import logging
import socket
from urllib.parse import urlsplit

import uvicorn
from fastapi import HTTPException
from fastapi.middleware.trustedhost import TrustedHostMiddleware

from cmm.core.errors import UserError

log = logging.getLogger("cmm")
DRAINED = 2**26  # bytes of a refused body that are read and thrown away
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Guard:
    """ASGI middleware before a page of ours.

    No other page's scripts post here; no body is longer than `most_bytes`, whatever it says of itself; every answer
    has HEADERS and `headers`.
    """

    def __init__(self, app, most_bytes=None, headers=None):
        self.app, self.most = app, most_bytes
        self.headers = [(k.lower().encode(), v.encode()) for k, v in (HEADERS | (headers or {})).items()]

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked, too_long = dict(scope["headers"]), f"more than {self.most} bytes were sent"

        async def answer(message):
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message = message | {"headers": [*message["headers"], *(h for h in self.headers if h[0] not in own)]}
            await send(message)

        async def refuse(status, text):
            await drained(receive)
            body = json.dumps({"detail": text}).encode()
            head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await answer(
                {"type": "http.response.start", "status": status, "headers": [*head, (b"connection", b"close")]}
            )
            await answer({"type": "http.response.body", "body": body})

        origin = asked.get(b"origin", b"").decode("latin-1")
        if scope["method"] not in ("GET", "HEAD") and origin and not same_place(origin, asked.get(b"host", b"")):
            await refuse(403, "asked for by another page")
            return
        came = 0

        async def limited():
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if self.most is not None and came > self.most:
                raise HTTPException(413, too_long)
            return message

        length = asked.get(b"content-length", b"0")[:20]
        if self.most is not None and not (length.isdigit() and int(length) <= self.most):
            await refuse(413, too_long)
            return
        await self.app(scope, limited, answer)


async def drained(receive):
    """Read a request's body to its end, at most DRAINED bytes.

    A connection that is closed while bytes of the other side are under way is reset, and the answer lost with it.
    """
    came, more = 0, True
    while more and came <= DRAINED:
        message = await receive()
        came, more = came + len(message.get("body", b"")), message.get("more_body", False)


def same_place(origin, host):
    """Whether the page of an Origin header was served by the host of a Host header (bytes)."""
    try:
        return urlsplit(origin).netloc.lower() == host.decode("latin-1").lower()
    except ValueError:
        return False


def run_server(app, host, port, what, others, url=None):
    """Serve a FastAPI application until the process is stopped.

    what: is served, for the log; others: what everybody who reaches this machine can do, for a warning; url: where a
    proxy before this machine is reached.
    """
    with listening(host, port) as sock:
        if not is_loopback(host):
            log.warning("listening on %s: everybody who reaches this machine %s, without a password", host, others)
        where = "localhost" if host in ("127.0.0.1", "localhost") else f"[{host}]" if ":" in host else host
        log.info("%s; open http://%s:%d   (Ctrl-C ends)", what, where, sock.getsockname()[1])
        if is_loopback(host):  # no page of a stranger's reaches it by a name that points here
            names = ["localhost", "127.0.0.1", "[::1]", host, *filter(None, [url and urlsplit(url).hostname])]
            app.add_middleware(TrustedHostMiddleware, allowed_hosts=names)
        config = uvicorn.Config(app, log_level="warning")
        uvicorn.Server(config).run(sockets=[sock])


def listening(host, port):
    """A listening socket; UserError if the address cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        raise UserError(f"cannot listen on {host}, port {port}: {error}; name another --port or --host") from error


def is_loopback(host):
    """Whether nobody but this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
