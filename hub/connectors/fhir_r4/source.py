"""A FHIR R4 server as a source: what changed, page by page, never skipping a record.

Pages are followed by the server's own `next` links. Where those count by position, a record that changes while the
pages are read moves to the end and pulls the others forward, over a page's edge. So when a change during the reading
shows, or the server says that more match than it gave, the same stretch is read a second time by value
(`_lastUpdated=ge` the last one seen), which no change can disturb. Where more were stamped alike than a page holds,
links are followed there, too, and each page is asked for again after the one behind it (`hub.connectors.kit.trail`).

A reading that was cut off goes on at its page, not at the moment of the last record: a system that was filled at once
has stamped all of them with the same. So the last page that was stored is asked for again; if it holds what it held,
nothing has moved and its link is followed. Else, or where the server does not know the page any more, the reading goes
on a little before the last change seen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import Span
from hub.connectors.fhir_r4.bulk import Batch, BulkExport, ExportPlace
from hub.connectors.fhir_r4.client import FhirClient, Resource, SearchPage
from hub.connectors.fhir_r4.invariants import check
from hub.connectors.fhir_r4.place import Place, written
from hub.connectors.fhir_r4.reading import Reading, digest_of
from hub.connectors.fhir_r4.record import id_of, modified_at, record_of
from hub.connectors.fhir_r4.withheld import without_content
from hub.connectors.kit.http import place
from hub.connectors.kit.trail import Trail
from hub.errors import HubError, InvalidInput, NeedsAttention, Problem, RetryLater
from hub.ports import Page, Rejected

RESOURCE_TYPES = {
    Kind.PATIENT: "Patient",
    Kind.PROVIDER: "Practitioner",
    Kind.LOCATION: "Location",
    Kind.RESOURCE: "Location",
    Kind.VISIT: "Appointment",
    Kind.SERVICE: "HealthcareService",
    Kind.ROLE: "PractitionerRole",
    Kind.SCHEDULE: "Schedule",
    Kind.SLOT: "Slot",
    Kind.CONSENT: "Consent",
    Kind.FORM: "QuestionnaireResponse",
    Kind.DOCUMENT: "DocumentReference",
}
"""Sites and rooms are both Locations: the tables (`only`) say which is which."""

Judged = tuple[SourceRecord, tuple[Problem, ...]]
"""A record, and in which ways it breaks FHIR R4."""
OVERLAP = timedelta(minutes=2)
"""How far back of the last record seen the next pull begins: a server stamps a record before others can read it."""

MOST_PER_PAGE = 1000
MOST_BARREN_PAGES = 10
"""So many linked pages in a row without a new record are a circle."""


class FhirSource:
    """Reads what `RESOURCE_TYPES` names."""

    def __init__(
        self,
        client: FhirClient,
        system: str,
        *,
        page_size: int = 100,
        overlap: timedelta = OVERLAP,
        exports: bool = False,
        rest: Callable[[float], object] | None = None,
    ) -> None:
        """`exports`: the first reading is a Bulk Data export where the server offers it; `rest` waits for one."""
        self.system = system
        self._client = client
        self._page_size = page_size
        self._overlap = overlap
        self._exports = exports
        self._rest = rest

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        """As `hub.ports.Source.read`; gives at least one page, so that a place is kept even where nothing changed.

        Raises:
            RetryLater, NeedsAttention: as `hub.ports.Source.read`.
            InvalidInput: FHIR servers are not read for this kind.
        """
        if kind not in RESOURCE_TYPES:
            known = ", ".join(RESOURCE_TYPES)
            raise InvalidInput(Problem(f"{kind} is not read from FHIR servers", field="pull", hint=f"Known: {known}"))
        exported = ExportPlace.parse(cursor)
        if self._exports and (cursor is None or exported is not None):
            bulk = BulkExport(self._client, RESOURCE_TYPES[kind], self._rest)
            exported = exported or bulk.order()
            if exported is not None:
                yield from self._by_export(kind, bulk, exported)
                return
        yield from self._pages(Reading(kind, Place.parse(None if exported else cursor)))

    def read_again(self, kind: Kind, cursor: str | None, within: Span | None) -> Iterator[Page]:
        """See `hub.connectors.kit.watching.Rereadable`."""
        dates = () if within is None else (f"ge{written(within.start)}", f"lt{written(within.end)}")
        yield from self._pages(Reading(kind, Place.parse(cursor), dates=dates))

    def _pages(self, reading: Reading) -> Iterator[Page]:
        yield from self._by_links(reading)
        if reading.missed_something:
            yield from self._by_value(reading)
        yield Page((), reading.done().text())

    def fetch(self, kind: Kind, record_id: str) -> Page | None:
        """As `hub.ports.Source.fetch`."""
        name = record_id.rpartition("/")[2]  # servers name it `Patient/1`, too
        resource = self._client.fetch(RESOURCE_TYPES[kind], name)
        if resource is None:
            return Page((SourceRecord(SourceRef(self.system, kind, name), {}, gone=True),), None)
        record, problems = record_of(without_content(resource), self.system, kind), check(resource)
        return Page((), None, (Rejected(record, problems),)) if problems else Page((record,), None)

    def _by_export(self, kind: Kind, bulk: BulkExport, at: ExportPlace) -> Iterator[Page]:
        """All of it, behind that place; what changes meanwhile is the next pull's."""
        yield Page((), at.text())
        manifest = bulk.await_manifest(at)
        if manifest is None:
            again = bulk.order()
            if again is None:
                yield Page((), None)
                return
            at, manifest = again, bulk.await_manifest(again)
        for batch in bulk.read(manifest, at) if manifest else ():
            yield self._exported(kind, batch)
        yield Page((), Place(seen=manifest.at).text() if manifest else None)
        self._client.end_export(at.url)

    def _exported(self, kind: Kind, batch: Batch) -> Page:
        gone = tuple(SourceRecord(SourceRef(self.system, kind, one), {}, gone=True) for one in batch.deleted)
        judged = self._judged(batch.resources, kind)
        return Page((*_sound(judged), *gone), batch.place.text(), _broken(judged))

    def _judged(self, resources: Sequence[Resource], kind: Kind) -> list[Judged]:
        return [(record_of(without_content(one), self.system, kind), check(one)) for one in resources]

    def _by_links(self, reading: Reading) -> Iterator[Page]:
        page = self._stored(reading)
        if page is None:
            page = self._first(reading)
            yield self._take(page, reading)
        visited = {page.url}
        while page.next_url is not None:
            _refuse_circle(page, visited, reading)
            page = self._linked(page.next_url, reading)
            reading.followed_links = True
            yield self._take(page, reading)

    def _first(self, reading: Reading) -> SearchPage:
        resource_type = RESOURCE_TYPES[reading.kind]
        page = self._client.fetch_page(resource_type, self._params(reading, reading.place.seen, self._page_size))
        if reading.is_ahead_of(page.sent_at, self._overlap):
            reading.place = Place()
            page = self._client.fetch_page(resource_type, self._params(reading, None, self._page_size))
        reading.begin(page)
        return page

    def _stored(self, reading: Reading) -> SearchPage | None:
        """The last page that was stored, if the server still has it and it still holds the same."""
        last = reading.place.page
        if last is None:
            return None
        try:
            page = self._linked(last.url, reading)
        except HubError:  # 410, 404 or a failure: asking anew shows whether it was only the page's
            return None
        if digest_of(page) != last.holds or reading.is_ahead_of(page.sent_at, self._overlap):
            return None
        reading.go_on(last)
        return page

    def _by_value(self, reading: Reading) -> Iterator[Page]:
        """From the start of the stretch on, each page beginning at the last value of the one before."""
        resource_type, size = RESOURCE_TYPES[reading.kind], self._page_size
        reading.read_by_value()
        since = reading.place.floor
        while True:
            back = since == reading.place.floor
            page = self._client.fetch_page(resource_type, self._params(reading, since, size, back=back))
            yield self._take(page, reading)
            last = max(filter(None, map(modified_at, page.resources)), default=None)
            is_all = page.next_url is None and (page.total is None or page.total <= len(page.resources))
            if is_all or not page.resources:
                return
            if reading.barren_pages == 0 and last not in (None, since):
                since = last
            elif page.next_url is not None:
                yield from self._with_care(page, reading)
                return
            elif size < MOST_PER_PAGE:
                size = min(size * 2, MOST_PER_PAGE)
            else:
                raise _stuck(page, resource_type)

    def _with_care(self, first: SearchPage, reading: Reading) -> Iterator[Page]:
        """By links, from a page that is taken to the end; each page is asked for again after the one behind it."""
        trail, visited = Trail[SearchPage](), set[str]()
        trail.add(*_bare(first))
        while (url := trail.pages[-1][0].next_url) is not None:
            last, end = trail.pages[-1]
            _refuse_circle(last, visited, reading)
            page, again = self._linked(url, reading), self._linked(last.url, reading)
            if _bare(again)[1] != end:
                if trail.is_restless:
                    raise _restless(page)
                trail.go_back()
                visited.clear()
                reading.barren_pages = 0
                if trail.pages:
                    continue
                page = again
            trail.add(*_bare(page))
            yield self._take(page, reading)

    def _linked(self, url: str, reading: Reading) -> SearchPage:
        return self._client.fetch_linked(url, RESOURCE_TYPES[reading.kind])

    def _params(
        self, reading: Reading, since: datetime | None, size: int, *, back: bool = True
    ) -> dict[str, str | Sequence[str]]:
        params: dict[str, str | Sequence[str]] = {"_sort": "_lastUpdated", "_count": str(size)}
        if reading.dates:
            params["date"] = reading.dates
        if since is not None:
            params["_lastUpdated"] = f"ge{written(since - self._overlap if back else since)}"
        return params

    def _take(self, page: SearchPage, reading: Reading) -> Page:
        reading.saw(page)
        judged = self._judged(page.resources, reading.kind)
        return Page(_sound(judged), reading.place.text(), _broken(judged))


def _sound(judged: Sequence[Judged]) -> tuple[SourceRecord, ...]:
    return tuple(record for record, problems in judged if not problems)


def _broken(judged: Sequence[Judged]) -> tuple[Rejected, ...]:
    return tuple(Rejected(record, problems) for record, problems in judged if problems)


def _bare(page: SearchPage) -> tuple[SearchPage, str | None]:
    """It without its records, and the last one's id."""
    return replace(page, resources=()), id_of(page.resources[-1]) if page.resources else None


def _refuse_circle(page: SearchPage, visited: set[str], reading: Reading) -> None:
    """Before its link is followed: one that was followed already, or that leads on and on to nothing new."""
    if page.next_url is None or page.next_url in visited or reading.barren_pages >= MOST_BARREN_PAGES:
        raise _loop(page)
    visited.add(page.next_url)


def _loop(page: SearchPage) -> NeedsAttention:
    hint = "What was read is kept. Report the links (Bundle.link[next]) to the server's vendor"
    return NeedsAttention(
        Problem(f"{place(page.url)}: the links to the next page run in a circle", code="page_loop", hint=hint)
    )


def _restless(page: SearchPage) -> RetryLater:
    message = f"{place(page.url)}: records move faster than they can be read"
    hint = "What was read is kept, and the next run reads this stretch again"
    return RetryLater(Problem(message, code="restless", hint=hint))


def _stuck(page: SearchPage, resource_type: str) -> NeedsAttention:
    return NeedsAttention(
        Problem(
            f"{place(page.url)}: the server says that more {resource_type} match than it gives, without a link to them",
            code="no_paging",
            hint="What was read is kept. Ask the server's vendor for paging links (Bundle.link[next])",
        )
    )
