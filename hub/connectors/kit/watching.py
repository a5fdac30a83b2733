"""A source that also reads again what its reading cannot show: the days to come, and from time to time all there is.

After what changed, a pull reads what was removed, then the horizon and the sweep, each when it is due. Each keeps a
place of its own in the stream's cursor, so a reading that is cut off goes on there with the next pull, and names the
same list.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.time import Span, instant_of
from hub.connectors.kit.spec.sees import Sees
from hub.connectors.kit.spec.stream import Stream
from hub.ports import Page, Roll, Source

NO_END = timedelta(days=36_500)
"""Where all that is to come is read."""

_REMOVED = "removed"


class Rereadable(Source, Protocol):
    """A source whose records can be read whole, whatever was read before."""

    def read_again(self, kind: Kind, cursor: str | None, within: Span | None) -> Iterator[Page]:
        """All records of a kind, or the visits that begin `within`. `cursor`: of a page of the same reading, or None.

        Raises:
            RetryLater, NeedsAttention: as `read`.
        """
        ...


@runtime_checkable
class TellsRemoved(Protocol):
    """A source whose system lists what was deleted."""

    def read_removed(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """Pages whose records say no more than which they were. `cursor`: of a page of the same reading, or None.

        Raises:
            RetryLater, NeedsAttention: as `read`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Round:
    """How far one repeated reading is."""

    began_at: datetime | None = None
    """The one under way, or the last one that ended."""
    is_open: bool = False
    """It is under way."""
    is_listed: bool = False
    """All is read, and what is missing is still to be asked for."""
    at: str | None = None
    """The source's own place in it."""

    def is_due(self, every: timedelta, now: datetime) -> bool:
        """Whether it is to go on, or to begin anew."""
        return self.is_open or self.began_at is None or now - self.began_at >= every


@dataclass(frozen=True, slots=True)
class Watch:
    """What the cursor of a watched stream holds."""

    changes: str | None = None
    rounds: Mapping[str, Round] = field(default_factory=dict)

    @classmethod
    def parse(cls, cursor: str | None) -> "Watch":
        """Of a cursor that `text` wrote; any other is the place of what changed."""
        try:
            held = json.loads(cursor or "")["watch"]
        except (ValueError, TypeError, KeyError):
            return cls(cursor)
        return cls(held["changes"], {name: _round(each) for name, each in held["rounds"].items()})

    def text(self) -> str | None:
        """The cursor that says this."""
        if not self.rounds:
            return self.changes
        return json.dumps({"watch": asdict(self)}, default=datetime.isoformat)

    def at(self, name: str, place: Round) -> "Watch":
        """With another place in one of its readings."""
        return replace(self, rounds={**self.rounds, name: place})


class WatchingSource:
    """A source with what its streams declare under `sees`."""

    def __init__(
        self, source: Rereadable, streams: Mapping[Kind, Stream], zone: ZoneInfo, clock: Callable[[], datetime]
    ) -> None:
        self.system = source.system
        self._source = source
        self._streams = streams
        self._zone = zone
        self._clock = clock

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """As `hub.ports.Source.read`."""
        sees = self._streams[kind].sees if kind in self._streams else Sees()
        every = {name: block.every for name in ("horizon", "sweep") if (block := getattr(sees, name)) is not None}
        watch = Watch.parse(cursor)
        if cursor is None:  # the first reading reads everything, and so does the work of both
            watch = Watch(None, {name: Round(self._clock()) for name in every})
        for page in self._source.read(kind, watch.changes):
            watch = replace(watch, changes=page.cursor)
            yield replace(page, cursor=watch.text())
        if sees.removed is not None and isinstance(self._source, TellsRemoved):
            for page in self._source.read_removed(kind, watch.rounds.get(_REMOVED, Round()).at):
                watch = watch.at(_REMOVED, Round(at=page.cursor))
                yield Page((), watch.text(), removed=frozenset(record.ref.id for record in page.records))
        for name, pause in every.items():
            known = watch.rounds.get(name, Round())
            if known.is_due(pause, self._clock()):
                for page, place in self._again(kind, name, known, sees):
                    watch = watch.at(name, place)
                    yield replace(page, cursor=watch.text())

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        """As `hub.ports.Source.fetch`."""
        return self._source.fetch(kind, record_id)

    def _again(self, kind: Kind, name: str, place: Round, sees: Sees) -> Iterator[tuple[Page, Round]]:
        """The pages of one repeated reading, each with the place after it; the last one ends the list."""
        if not place.is_open:
            place = Round(self._clock(), is_open=True)
        assert place.began_at is not None
        within = self._within(sees, place.began_at) if name == "horizon" else None
        roll = Roll(
            f"{name} {place.began_at.isoformat()}", within=within, begin_anew=lambda cursor: _without(cursor, name)
        )
        tells_only_ids = name == "sweep" and sees.sweep is not None and sees.sweep.list is not None
        if not place.is_listed:
            for page in self._source.read_again(kind, place.at, within):
                if page.records or page.rejected:
                    place = replace(place, at=page.cursor)
                    kept = Page((), None) if tells_only_ids else page
                    yield replace(kept, listed=None, roll=replace(roll, names=_names(page))), place
            place = replace(place, is_listed=True, at=None)
            yield Page((), None), place
        yield Page((), None, roll=replace(roll, is_over=True)), Round(place.began_at)

    def _within(self, sees: Sees, now: datetime) -> Span:
        """From the start of today on."""
        assert sees.horizon is not None
        today = now.astimezone(self._zone).date()
        has_no_end = sees.horizon.first is not None and sees.horizon.last is None
        first = datetime.combine(today, time())
        last = first + (NO_END if has_no_end else timedelta(days=sees.horizon.days))
        return Span(instant_of(first, self._zone), instant_of(last, self._zone))


def _without(cursor: str | None, name: str) -> str | None:
    """A place of the stream, with this reading due and not begun."""
    return Watch.parse(cursor).at(name, Round()).text()


def _names(page: Page) -> frozenset[str]:
    """The ids of all records of a page that are there; of broken ones, too."""
    ids = {record.ref.id for record in page.records if not record.is_end}
    return frozenset(ids | {one.record.ref.id for one in page.rejected})


def _round(held: dict[str, Any]) -> Round:
    began = held["began_at"]
    return Round(**{**held, "began_at": datetime.fromisoformat(began) if began else None})
