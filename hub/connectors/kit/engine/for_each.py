"""A stream that is asked for once for each record of another one: `clients/{client}/packages`.

The other stream is read page by page; behind each of its records stands one list. The cursor keeps the page of the
other stream at which work goes on and which of its records are done: what was cut off begins with the next record.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.connectors.kit.engine.place import Place
from hub.connectors.kit.spec.reading import ForEach
from hub.errors import InvalidInput, NeedsAttention, Problem, only_reasons
from hub.ports import Page

_GONE = {"http_404", "http_410"}


@dataclass(frozen=True, slots=True)
class EachPlace:
    """How far a stream of this kind is read."""

    seen: datetime | None = None
    """The latest change seen."""
    floor: datetime | None = None
    """From where on each list is asked for what changed."""
    others: str | None = None
    """The other stream's place before the page that is worked on; None: its beginning."""
    done: tuple[str, ...] = ()
    """The records of that page that are done."""
    is_open: bool = False
    """A reading is under way."""

    @classmethod
    def parse(cls, cursor: str | None) -> "EachPlace":
        """Of a cursor that `text` wrote.

        Raises:
            InvalidInput: something else wrote it.
        """
        if cursor is None:
            return cls()
        try:
            held = json.loads(cursor)["each"]
            times = {name: datetime.fromisoformat(held[name]) if held[name] else None for name in ("seen", "floor")}
            return cls(**times, others=held["others"], done=tuple(held["done"]), is_open=held["is_open"])
        except (ValueError, TypeError, KeyError):
            raise InvalidInput(Problem("not a place in a stream with for_each", field="cursor")) from None

    def text(self) -> str:
        """The cursor that says this."""
        times = {name: moment and moment.isoformat() for name, moment in (("seen", self.seen), ("floor", self.floor))}
        return json.dumps({"each": {**times, "others": self.others, "done": self.done, "is_open": self.is_open}})

    def saw(self, cursor: str | None) -> "EachPlace":
        """With what a list's own cursor says was seen."""
        found = Place.parse(cursor).seen
        return replace(self, seen=max(filter(None, (self.seen, found)), default=None))


ReadOthers = Callable[[str | None], Iterator[Page]]
ReadList = Callable[[dict[str, Any], Place], Iterator[Page]]
"""The list behind one record: with the name's value, from a place on."""


def read_for_each(spec: ForEach, place: EachPlace, others: ReadOthers, read: ReadList) -> Iterator[Page]:
    """All lists, one after the other, each page with the place to go on from.

    Raises:
        RetryLater, NeedsAttention: as the two readings; a list whose record is gone meanwhile counts as empty.
    """
    if not place.is_open:
        start = place.others if spec.of == "changed" else None
        place = replace(place, floor=place.seen, others=start, done=(), is_open=True)
    asked = set(place.done)  # pages of the other stream may give a record again
    for page in others(place.others):
        for record in page.records:
            if record.is_end or record.ref.id in asked:
                continue
            asked.add(record.ref.id)
            for one in _list(read({spec.name: record.ref.id}, Place(seen=place.floor, floor=place.floor))):
                place = place.saw(one.cursor)
                if one.records or one.rejected:
                    yield _with_parent(replace(one, cursor=place.text()), spec, record.ref.id)
            place = replace(place, done=(*place.done, record.ref.id))
            yield Page((), place.text())
        place = replace(place, others=page.cursor, done=())
    yield Page((), replace(place, is_open=False, floor=None).text())


def _list(pages: Iterator[Page]) -> Iterator[Page]:
    try:
        yield from pages
    except NeedsAttention as error:
        if not _GONE & set(only_reasons(error.problems)):
            raise


def _with_parent(page: Page, spec: ForEach, record_id: str) -> Page:
    if spec.put is None:
        return page
    records = tuple(one._replace(payload={**one.payload, spec.put: record_id}) for one in page.records)
    return replace(page, records=records)
