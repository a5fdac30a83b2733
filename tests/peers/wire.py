"""A line between the hub and a server that nobody here wrote: a test listens on it, stalls it and cuts it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Dial = Callable[[], socket.socket]


@dataclass
class Wire:
    """What happens to the bytes; everything passes where a test says nothing else."""

    dial: Dial
    """A new connection to the server."""
    on_question: Callable[[], None] = lambda: None
    """Called before a piece of what the client says goes on."""
    cut_when: Callable[[], bool] = lambda: False
    """Asked before a piece of what the server says goes on; that piece and all that follows is lost then."""
    cut_after: int | None = None
    """So many bytes of the server's go on, then both ends are cut."""
    stalled: bool = False
    """What the server says is swallowed, and the line stays open."""
    is_down: bool = False
    """Whoever comes is let in and cut off."""
    garbage: bool = False
    """The server's bytes come turned around."""
    ends: list[socket.socket] = field(default_factory=list)

    def carry(self, client: socket.socket) -> None:
        """One connection, until one of the ends is gone."""
        if self.is_down:
            client.close()
            return
        server = self.dial()
        self.ends += [client, server]
        threads = [
            threading.Thread(target=self._pump, args=(client, server, self._said), daemon=True),
            threading.Thread(target=self._pump, args=(server, client, self._answered), daemon=True),
        ]
        for thread in threads:
            thread.start()

    def cut(self) -> None:
        """Every connection, now."""
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _pump(self, source: socket.socket, target: socket.socket, passed: Callable[[bytes], bytes | None]) -> None:
        with suppress(OSError):
            while piece := source.recv(1 << 14):
                kept = passed(piece)
                if kept is None:
                    break
                target.sendall(kept)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _said(self, piece: bytes) -> bytes:
        self.on_question()
        return piece

    def _answered(self, piece: bytes) -> bytes | None:
        if self.stalled:
            return b""
        if self.cut_when():
            return None
        if self.cut_after is not None:
            if self.cut_after <= 0:
                return None
            piece, self.cut_after = piece[: self.cut_after], self.cut_after - len(piece)
        return piece[::-1] if self.garbage else piece


@contextmanager
def wired(listener: socket.socket, dial: Dial) -> Iterator[Wire]:
    """Carries what comes to `listener` until the block ends."""
    wire = Wire(dial)

    def accept() -> None:
        with suppress(OSError):
            while True:
                wire.carry(listener.accept()[0])

    thread = threading.Thread(target=accept, daemon=True)
    with listener:
        thread.start()
        try:
            yield wire
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            wire.cut()
            thread.join(10)
            for end in wire.ends:
                end.close()
