"""Serving: on this machine only, and with logs that name no request."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address

import uvicorn
from fastapi import FastAPI

from hub.errors import NeedsAttention, Problem
from hub.program import spare_what_is_loaded
from hub.web.loopback import is_loopback


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve `app` until Ctrl-C or SIGTERM; running requests are finished first.

    Raises:
        NeedsAttention: `host` is not this machine itself, or the port is taken or not allowed. Nothing was served then.
    """
    with open_socket(host, port) as listening:
        serve_on(listening, app)


def serve_on(listening: socket.socket, app: FastAPI) -> None:
    """The same on a socket of `open_socket`, for who wants to say first where it serves."""
    spare_what_is_loaded()
    with suppress(KeyboardInterrupt):
        make_server(app).run(sockets=[listening])


@contextmanager
def open_socket(host: str, port: int) -> Iterator[socket.socket]:
    """A socket bound to a loopback address; port 0 takes a free one, found by `getsockname()`.

    Raises:
        NeedsAttention: as `serve`.
    """
    if not is_loopback(host):
        raise NeedsAttention(_not_loopback(host))
    address = "127.0.0.1" if host.lower() == "localhost" else host
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address, port))
            listening.listen()
        except (OSError, OverflowError) as error:
            raise NeedsAttention(_cannot_bind(address, port, error)) from None
        yield listening


def make_server(app: FastAPI) -> uvicorn.Server:
    """A server that logs warnings only: an access log would hold addresses and queries."""
    return uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5)
    )


def _not_loopback(host: str) -> Problem:
    return Problem(
        f"the hub does not serve on {host!r}: it has no sign-in yet, and whoever reaches it reads patients' names",
        field="host",
        hint="Serve on 127.0.0.1, ::1 or localhost",
    )


def _cannot_bind(host: str, port: int, error: Exception) -> Problem:
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        hint = "Stop the program that uses it, or choose another port"
        return Problem(f"port {port} on {host} is taken by another program", field="port", hint=hint)
    if code == errno.EACCES:
        return Problem(f"port {port} may not be used by this user", field="port", hint="Choose a port from 1024 on")
    why = error.strerror if isinstance(error, OSError) else "a port is a number from 0 to 65535"
    return Problem(f"cannot listen on {host}, port {port}: {why}", field="port", hint="Choose another host or port")
