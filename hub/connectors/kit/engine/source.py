"""A declared system as a source: what changed, page by page, never skipping a record.

Where pages count by position, a record that changes or goes while they are read pulls others over a page's edge. So a
counted list (`offset`) is read with an overlap of one record: when a page does not begin with a record already seen, it
is read again from further back. Lists by page number or by the system's own links are read once more when something
shows that things moved: then each page is asked for again after the one behind it, and where it ends otherwise than it
did, that round goes back to it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import Span
from hub.connectors.kit.engine.caller import GOOD, Caller
from hub.connectors.kit.engine.for_each import EachPlace, read_for_each
from hub.connectors.kit.engine.instants import write_instant, write_since
from hub.connectors.kit.engine.paging import PageMark, first_mark, mark_at, next_mark, size_of
from hub.connectors.kit.engine.place import Place
from hub.connectors.kit.engine.reading import Run
from hub.connectors.kit.engine.records import Taker, list_in
from hub.connectors.kit.engine.single import ask_one
from hub.connectors.kit.engine.templates import filled
from hub.connectors.kit.http import Answer, place, sent_at
from hub.connectors.kit.spec.paging import ByLink, ByNextUrl, ByOffset, ByPage
from hub.connectors.kit.spec.reading import ForEach, Reading
from hub.connectors.kit.spec.sees import Horizon
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.trail import MOST_STEPS_BACK, Trail
from hub.connectors.kit.values import value_at
from hub.errors import InvalidInput, NeedsAttention, Problem, RecordRejected, RetryLater, only_reasons
from hub.ports import Page

MOST_BARREN_PAGES = 10
"""So many pages in a row that hold records and nothing new are a circle."""
MOST_EMPTY_PAGES = 200
"""So many in a row without any record: systems that filter after they cut give some, none gives so many."""
_STALE_MARK = {"http_400", "http_404", "http_410", "http_422", "graphql_error"}
_NOT_MODIFIED = 304


class DeclaredSource:
    """Reads the streams of one connection."""

    def __init__(self, system: str, streams: Mapping[Kind, Stream], caller: Caller, zone: ZoneInfo) -> None:
        self.system = system
        self._streams = streams
        self._caller = caller
        self._zone = zone

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """As `hub.ports.Source.read`; gives at least one page, so that a place is kept even where nothing changed.

        Raises:
            RetryLater, NeedsAttention: as `hub.ports.Source.read`.
            InvalidInput: the stream is not declared, or the cursor is another source's.
        """
        stream = self._streams.get(kind)
        if stream is None or stream.read is None:
            known = ", ".join(name for name, each in self._streams.items() if each.read is not None)
            message = f"{self.system} declares no stream {kind} that is read"
            raise InvalidInput(Problem(message, field=f"streams.{kind}", hint=f"There are: {known}"))
        if stream.read.for_each is not None:
            yield from self._for_each(kind, stream.read, stream.read.for_each, cursor)
            return
        yield from self._list(kind, stream.read, Place.parse(cursor))

    def _for_each(self, kind: Kind, reading: Reading, spec: ForEach, cursor: str | None) -> Iterator[Page]:
        def others(at: str | None) -> Iterator[Page]:
            return self.read(spec.stream, at)

        def one(values: dict[str, Any], place: Place) -> Iterator[Page]:
            return self._list(kind, reading, place, values)

        yield from read_for_each(spec, EachPlace.parse(cursor), others, one)

    def _list(
        self, kind: Kind, reading: Reading, start: Place, values: Mapping[str, Any] | None = None
    ) -> Iterator[Page]:
        taker = Taker(self.system, kind, self._streams[kind], self._zone)
        return _Reader(reading, taker, self._caller, self._zone, start, values=values).pages()

    def read_again(self, kind: Kind, cursor: str | None, within: Span | None) -> Iterator[Page]:
        """See `hub.connectors.kit.watching.Rereadable`."""
        stream = self._streams[kind]
        sees, reading = stream.sees, stream.read
        if reading is None:
            return
        params: dict[str, Any] = {}
        if within is not None and sees.horizon is not None:
            params = _asked_for(sees.horizon, within, self._zone)
        elif sees.sweep is not None and sees.sweep.list is not None:
            reading = sees.sweep.list
        whole = reading.model_copy(update={"since": None})
        taker = Taker(self.system, kind, stream.model_copy(update={"read": whole}), self._zone)
        yield from _Reader(whole, taker, self._caller, self._zone, Place.parse(cursor), asked=params).pages()

    def read_removed(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """See `hub.connectors.kit.watching.TellsRemoved`."""
        stream = self._streams[kind]
        if (removed := stream.sees.removed) is not None:
            taker = Taker(self.system, kind, stream.model_copy(update={"read": removed}), self._zone)
            yield from _Reader(removed, taker, self._caller, self._zone, Place.parse(cursor)).pages()

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        """As `hub.ports.Source.fetch`, where the stream says how `one` is read."""
        stream = self._streams.get(kind)
        if stream is None or stream.one is None:
            return None
        taker = Taker(self.system, kind, stream, self._zone)
        current = ask_one(stream.one, record_id, taker, self._caller)
        if current is None:
            return Page((SourceRecord(SourceRef(self.system, kind, record_id), {}, gone=True),), None)
        return Page((taker.record_of(current.payload, record_id),), None)


class _Reader:
    """One reading of one stream."""

    def __init__(
        self,
        reading: Reading,
        taker: Taker,
        caller: Caller,
        zone: ZoneInfo,
        start: Place,
        *,
        asked: Mapping[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self._values = values or {}
        self._reading = reading
        self._asked = asked or {}
        self._paging = reading.paging
        self._taker = taker
        self._caller = caller
        self._zone = zone
        self._run = Run(start, was_cut_off=start.at is not None)
        self._etag: str | None = None
        self._keys: set[str] = set()
        self._steps_back = 0
        self._last: list[Any] = []
        """The record with which the next page of a counted list begins again, as it was; else nothing."""

    def pages(self) -> Iterator[Page]:
        """All of them, and last the place to go on from when everything is stored."""
        run = self._run
        yield from self._round(run.place.at)
        if run.may_have_missed(positional=self._is_positional):
            run.begin_again()
            yield from self._round(None)
        yield Page((), Place(seen=run.place.seen, etag=self._etag).text())

    def _round(self, resumed: PageMark | None) -> Iterator[Page]:
        mark: PageMark | None = resumed or first_mark(self._paging)
        visited: set[str] = set()
        trail = Trail[PageMark]()
        barren = 0
        while mark is not None:
            self._refuse_circle(mark, visited)
            answer = self._ask(mark, is_resumed=mark is resumed)
            if answer is None:
                mark = first_mark(self._paging)
                visited.clear()
                continue
            if self._went_back(answer):
                self._run.place = Place()
                mark, trail = first_mark(self._paging), Trail[PageMark]()
                visited.clear()
                continue
            if answer.status == _NOT_MODIFIED:
                self._etag = self._run.place.etag
                return
            raw = self._list_in(answer)
            if (back := self._moved(mark, raw) or self._shifted(trail)) is not None:
                mark, barren = back, 0
                visited.clear()
                continue
            trail.add(mark, self._end_of(raw))
            page, fresh = self._take(answer, raw, mark)
            barren = 0 if fresh else barren + 1
            if barren >= (MOST_BARREN_PAGES if raw else MOST_EMPTY_PAGES):
                raise _loop(answer.url)
            yield page
            mark = self._run.place.at

    def _take(self, answer: Answer, raw: Sequence[Any], mark: PageMark) -> tuple[Page, bool]:
        run, now = self._run, sent_at(answer)
        if run.place.began_at is None and run.pages == 0:
            run.place = replace(run.place, began_at=now)
        is_repeated = isinstance(self._paging, ByOffset) and mark.count > 0 and list(raw[:1]) == self._last
        taken = self._taker.take(raw[1:] if is_repeated else raw)
        self._last = list(raw[-1:]) or self._last
        keys = [self._key(one) for one in raw]
        total = value_at(answer.body, path) if (path := getattr(self._paging, "total", None)) else None
        fresh = run.saw(keys, taken.records, now, total if isinstance(total, int) else None)
        following = next_mark(self._paging, mark, answer, raw, keys[-1] if keys else None)
        if following is not None and following.url is not None:
            following = replace(following, url=self._caller.absolute(following.url))
        run.place = replace(run.place, at=following)
        self._etag = answer.headers.get("etag") if self._is_one_answer else None
        at = run.place if following is not None else replace(run.place, at=PageMark(count=0))
        return Page(taken.records, at.text(), taken.rejected), fresh

    def _ask(self, mark: PageMark, *, is_resumed: bool) -> Answer | None:
        """The page; None where the mark that an earlier run kept is no longer good."""
        etag = self._run.place.etag if self._is_one_answer else None
        headers = {"If-None-Match": etag} if etag else {}
        accept = GOOD | {_NOT_MODIFIED} if etag else GOOD
        params = {**self._asked, **self._since(), **size_of(self._paging), **mark.params}
        try:
            return self._caller.send(self._reading, self._values, params, url=mark.url, headers=headers, accept=accept)
        except (NeedsAttention, RecordRejected) as error:  # the latter where pages are asked for by POST
            if is_resumed and _STALE_MARK & set(only_reasons(error.problems)):
                return None
            raise

    @property
    def _is_positional(self) -> bool:
        return isinstance(self._paging, ByPage | ByLink | ByNextUrl)

    @property
    def _is_one_answer(self) -> bool:
        return self._paging is None and self._reading.since is None and self._reading.method == "GET"

    def _since(self) -> dict[str, Any]:
        since, floor = self._reading.since, self._run.place.floor
        if since is None or floor is None:
            return {}
        moment = write_since(floor - since.overlap, since.format, self._zone)
        return {since.param: filled(since.template, {"since": moment})}

    def _went_back(self, answer: Answer) -> bool:
        """Whether the system's clock stands before the last change seen: what has changed since is stamped before that,
        too, so nothing less than everything shows it.
        """
        since, floor, now = self._reading.since, self._run.place.floor, sent_at(answer)
        return since is not None and floor is not None and now is not None and now < floor - since.overlap / 2

    def _moved(self, mark: PageMark, raw: Sequence[Any]) -> PageMark | None:
        """Where to read again from, because this page does not begin where the one before ended."""
        if not isinstance(self._paging, ByOffset) or mark.count == 0:
            return None
        first = self._key(raw[0]) if raw else None
        if first is not None and (first == mark.last or first in self._run.keys):
            return None
        self._steps_back += 1
        if self._steps_back > MOST_STEPS_BACK:
            raise _restless(f"{self._taker.name}: records move faster than they can be read")
        return mark_at(self._paging, max(mark.count - (self._paging.size or len(raw) or 50), 0), None)

    def _shifted(self, trail: Trail[PageMark]) -> PageMark | None:
        """The page before, in a careful round, where it ends otherwise than it did: what stood behind it may be on it.

        A link that is good only once cannot be asked for again.
        """
        if not (self._run.is_careful and self._is_positional and trail.pages):
            return None
        mark, end = trail.pages[-1]
        answer = self._ask(mark, is_resumed=True)
        if answer is None or self._end_of(self._list_in(answer)) == end:
            return None
        if trail.is_restless:
            raise _restless(f"{self._taker.name}: records move faster than they can be read")
        return trail.go_back()

    def _list_in(self, answer: Answer) -> list[Any]:
        return list_in(answer, self._reading.records, self._paging, self._reading.keyed_as)

    def _end_of(self, raw: Sequence[Any]) -> str | None:
        return self._key(raw[-1]) if raw else None

    def _key(self, raw: Any) -> str:
        """What tells the list's records apart: their id, or their content where they hold several of ours."""
        known = self._taker.id_of(raw) if isinstance(raw, dict) and self._reading.each is None else None
        return known or sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()

    def _refuse_circle(self, mark: PageMark, visited: set[str]) -> None:
        is_first = mark.count == 0  # after one counted record, the next page begins with it again
        spot = json.dumps([dict(mark.params), mark.url, is_first], sort_keys=True, default=str)
        if spot in visited:
            raise _loop(mark.url or self._taker.name)
        visited.add(spot)


def _asked_for(horizon: Horizon, within: Span, zone: ZoneInfo) -> dict[str, Any]:
    """The parameters that ask for the visits of a stretch; where both ends have the same one, it is given twice."""
    params: dict[str, Any] = {}
    for bound, moment in ((horizon.first, within.start), (horizon.last, within.end)):
        if bound is not None:
            said = filled(bound.template, {"at": write_instant(moment, bound.format, zone)})
            params[bound.param] = [params[bound.param], said] if bound.param in params else said
    return params


def _loop(where: str) -> NeedsAttention:
    hint = "What was read is kept. Check 'paging' of the stream: the system repeats pages, or ignores the parameter"
    message = f"{place(where) if '://' in where else where}: the pages run in a circle"
    return NeedsAttention(Problem(message, code="page_loop", hint=hint))


def _restless(message: str) -> RetryLater:
    hint = "What was read is kept, and the next run reads this stretch again"
    return RetryLater(Problem(message, code="restless", hint=hint))
