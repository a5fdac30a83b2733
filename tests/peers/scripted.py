"""A real HTTP server whose answers a test writes: for what no well-behaved server does."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

Script = Callable[["Asked"], bytes]


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass
class Scripted:
    """The server's address and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)


def answer(body: Any, status: int = 200, content_type: str = "application/fhir+json", **headers: str) -> bytes:
    """A complete answer as bytes; a body that is no text or bytes is written as JSON."""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-type: {content_type}", f"content-length: {len(content)}"]
    headers = {"connection": "close", "date": formatdate(usegmt=True), **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def bundle(*resources: Any, next_url: str | None = None, total: int | None = None) -> dict[str, Any]:
    """A searchset."""
    links = [{"relation": "next", "url": next_url}] if next_url else []
    entries = [{"resource": resource} for resource in resources]
    whole = {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries}
    return whole if total is None else {**whole, "total": total}


@contextmanager
def scripted(script: Script) -> Iterator[Scripted]:
    """Serves until the block ends. Each connection carries one request; `script` gives the bytes to send back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Scripted(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listener, server, script), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _serve(listener: socket.socket, server: Scripted, script: Script) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):  # who asks may go at any moment
            request = _read(connection)
            if request is None:
                continue
            server.asked.append(request)
            connection.sendall(script(request))


def _read(connection: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        piece = connection.recv(65536)
        if not piece:
            return None
        body += piece
    method, target, _ = first.split(" ")
    return Asked(method, target, headers, body)
