"""One request and what came of it, for who looks on: the log of HTTP, `hub connect check`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Seen:
    """As it travelled. Whoever shows anything of it redacts it first."""

    method: str
    url: str = field(repr=False)
    sent: bytes = field(repr=False)
    status: int | None
    """None: no answer."""
    headers: Mapping[str, str] = field(repr=False)
    received: bytes = field(repr=False)
    """As far as it came."""
    seconds: float


Witness = Callable[[Seen], None]


def nobody(_seen: Seen) -> None:
    """Nobody looks on."""
