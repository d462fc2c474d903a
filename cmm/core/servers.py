"""Pages of ours: a server on this machine, or for others who reach it."""

import ipaddress
import logging
import socket

import uvicorn
from fastapi.middleware.trustedhost import TrustedHostMiddleware

from cmm.core.errors import UserError

log = logging.getLogger("cmm")


def run_server(app, host, port, what, others):
    """Serve a FastAPI application until the process is stopped.

    what: is served, for the log; others: what everybody who reaches this machine can do, for a warning.
    """
    with listening(host, port) as sock:
        if not is_loopback(host):
            log.warning("listening on %s: everybody who reaches this machine %s, without a password", host, others)
        where = "localhost" if host in ("127.0.0.1", "localhost") else f"[{host}]" if ":" in host else host
        log.info("%s; open http://%s:%d   (Ctrl-C ends)", what, where, sock.getsockname()[1])
        if is_loopback(host):  # no page of a stranger's reaches it by a name that points here
            app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]", host])
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
