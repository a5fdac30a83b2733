"""Whether the broker answers, without the client library that only workers have installed."""

import socket
import ssl
from urllib.parse import unquote, urlsplit

_SECONDS = 10.0


def ask_broker(url: str) -> str:
    """What a Redis says to a PING, after signing in where the address has a password: `PONG`, or the word of an error.

    Raises:
        OSError, ValueError: nobody answers, or the address is none.
    """
    place = urlsplit(url)
    host = place.hostname or "localhost"
    login = [unquote(one) for one in (place.username, place.password) if one]
    with socket.create_connection((host, place.port or 6379), _SECONDS) as plain:
        line = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) if place.scheme == "rediss" else plain
        )
        with line, line.makefile("rb") as answers:
            for command in ([["AUTH", *login]] if place.password else []) + [["PING"]]:
                line.sendall(_written(command))
                said = answers.readline(1_000).decode(errors="replace")
                if not said.startswith("+"):
                    break
    return said[1:].strip()


def _written(command: list[str]) -> bytes:
    """As Redis reads a command: each word after its length."""
    words = [word.encode() for word in command]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
