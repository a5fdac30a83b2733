"""How far a stream is read: what its cursor says."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.connectors.kit.engine.paging import PageMark
from hub.errors import InvalidInput, Problem


@dataclass(frozen=True, slots=True)
class Place:
    """A reading that is over has only `seen` (and `etag`); an unfinished one knows where it stands."""

    seen: datetime | None = None
    """The latest change seen."""
    floor: datetime | None = None
    """Where the unfinished reading began."""
    began_at: datetime | None = None
    """The system's clock when it began; None where none is unfinished, or the system tells no time."""
    at: PageMark | None = None
    """The page that is next; None: the first."""
    etag: str | None = None
    """Of the whole list, where one answer holds it."""

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
            times = {name: _moment(held.get(name)) for name in ("seen", "floor", "began_at")}
            place = cls(**times, at=PageMark(**held["at"]) if held.get("at") else None, etag=held.get("etag"))
        except (ValueError, TypeError, AttributeError):
            raise InvalidInput(Problem("not a place in a declared stream", field="cursor")) from None
        return place if "at" in held else replace(place, floor=place.seen)

    def text(self) -> str:
        """The cursor that says this."""
        times = {"seen": self.seen, "floor": self.floor, "began_at": self.began_at}
        held: dict[str, Any] = {name: time.isoformat() for name, time in times.items() if time is not None}
        if self.at is not None:
            held["at"] = self.at.kept()
        if self.etag is not None:
            held["etag"] = self.etag
        return json.dumps(held)


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value is not None else None
