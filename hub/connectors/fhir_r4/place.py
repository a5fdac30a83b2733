"""How far a FHIR server is read: what a stream's cursor says."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from hub.connectors.fhir_r4.client import parse_instant
from hub.errors import InvalidInput, Problem


@dataclass(frozen=True, slots=True)
class LastPage:
    """The page of an unfinished reading that was stored last. Whoever goes on asks for it again and follows its link:
    while it holds what it held, nothing has moved over the edges of the pages before it.
    """

    url: str
    holds: str
    """A digest of which records stood on it, in which state."""
    read: int
    """So many records were read with it; counted where the server says a total."""
    total: int | None = None
    """So many matched when the reading began, if the server says so."""
    is_moving: bool = False
    """A record changed after the reading began, on this page or before it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A reading that is over has only `seen`; an unfinished one knows where it stands."""

    seen: datetime | None = None
    """The latest change seen."""
    floor: datetime | None = None
    """Where the unfinished reading began; a reading that is cut off and goes on still knows it."""
    began_at: datetime | None = None
    """The server's clock when the unfinished reading began; None where none is unfinished, or it tells no time."""
    page: LastPage | None = None
    """None: the unfinished reading goes on from `seen`."""

    @classmethod
    def parse(cls, cursor: str | None) -> "Place":
        """The place of a cursor that `text` wrote; the very beginning for None.

        Raises:
            InvalidInput: something else wrote it.
        """
        if cursor is None:
            return cls()
        try:
            held = json.loads(cursor)
            times = {name: parse_instant(held.get(name)) for name in ("seen", "floor", "began_at")}
            place = cls(**times, page=LastPage(**held["page"]) if "page" in held else None)
        except (ValueError, TypeError, AttributeError):
            raise InvalidInput(Problem("not a place in a FHIR server", field="cursor")) from None
        return place if place.began_at or place.page else replace(place, floor=place.seen)

    def text(self) -> str:
        """The cursor that says this."""
        times = {"seen": self.seen, "floor": self.floor, "began_at": self.began_at}
        held: dict[str, object] = {name: written(value) for name, value in times.items() if value is not None}
        return json.dumps(held | ({"page": asdict(self.page)} if self.page else {}))


def written(instant: datetime) -> str:
    """Milliseconds and a Z: the form that every server takes."""
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
