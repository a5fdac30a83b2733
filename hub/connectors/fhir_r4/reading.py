"""One run through what changed on a FHIR server: what it saw, and what shows that it may have missed something."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from hub.canonical.ids import Kind
from hub.connectors.fhir_r4.client import Resource, SearchPage
from hub.connectors.fhir_r4.place import LastPage, Place
from hub.connectors.fhir_r4.record import id_of, modified_at

_TICK = timedelta(seconds=2)
"""A server's `Date` tells whole seconds, and some write it once a second; its stamps tell parts of them."""


@dataclass(slots=True)
class Reading:
    """From the first page, or from the one at which an earlier run was cut off, to the last."""

    kind: Kind
    place: Place
    dates: tuple[str, ...] = ()
    """Only appointments of these."""
    followed_links: bool = False
    total: int | None = None
    changed_meanwhile: bool = False
    barren_pages: int = 0
    """So many in a row brought nothing new."""
    read_before: int = 0
    """Records that were read before it was cut off."""
    goes_by_value: bool = False
    ids: set[int] = field(default_factory=set)
    """Hashes: a reading may be of millions of records."""
    states: set[int] = field(default_factory=set)
    """The same, of ids with their moment of change; of this round."""

    def begin(self, first: SearchPage) -> None:
        """Anew, or on from the last change seen where an earlier run was cut off."""
        cut_off_at = self.place.page
        if self.place.began_at is None and cut_off_at is None:
            self.place = replace(self.place, began_at=first.sent_at)
        else:
            self.followed_links = True
        self.changed_meanwhile = cut_off_at is not None and cut_off_at.is_moving
        self.total = first.total
        self.place = replace(self.place, page=None)

    def go_on(self, last: LastPage) -> None:
        """Behind the page that was stored last, with what was known then."""
        self.followed_links = True
        self.total, self.changed_meanwhile, self.read_before = last.total, last.is_moving, last.read

    def read_by_value(self) -> None:
        """All of it once more, from the floor; who is cut off in it has what follows still before him."""
        self.goes_by_value = True
        self.states.clear()
        self.barren_pages = 0
        self.place = replace(self.place, seen=self.place.floor, page=None)

    def is_ahead_of(self, now: datetime | None, overlap: timedelta) -> bool:
        """Whether the server's clock stands before the last change seen: what has changed since is stamped before that,
        too, so nothing less than everything shows it.
        """
        seen = self.place.seen
        return now is not None and seen is not None and now + _TICK < seen - overlap / 2

    def saw(self, page: SearchPage) -> None:
        """Take note of a page, and of how far it leads."""
        changes = [change for change in map(modified_at, page.resources) if change is not None]
        began = self.place.began_at
        self.changed_meanwhile |= any(began is None or change >= began for change in changes)
        fresh = {hash(state_of(resource)) for resource in page.resources} - self.states
        self.barren_pages = 0 if fresh else self.barren_pages + 1
        self.states |= fresh
        if self.total is not None:
            self.ids |= {hash(id_of(resource)) for resource in page.resources}
        past = changes if began is None else [min(change, began + _TICK) for change in changes]
        latest = [*past, self.place.seen] if self.place.seen else past
        self.place = replace(self.place, seen=max(latest, default=None))
        if not self.goes_by_value:
            self.place = replace(self.place, page=self._last(page))

    def _last(self, page: SearchPage) -> LastPage:
        return LastPage(page.url, digest_of(page), self.read, self.total, self.changed_meanwhile)

    @property
    def read(self) -> int:
        """So many different records; counted where the server says a total."""
        return self.read_before + len(self.ids)

    @property
    def missed_something(self) -> bool:
        """Whether all of it must be read once more."""
        held_back = self.total is not None and self.read < self.total
        return held_back or (self.followed_links and self.changed_meanwhile)

    def done(self) -> Place:
        """Where the next run goes on when all of this one is stored."""
        return Place(seen=self.place.seen)


def state_of(resource: Resource) -> tuple[str, datetime | None]:
    """Which record it is, and in which state: its moment of change."""
    return id_of(resource), modified_at(resource)


def digest_of(page: SearchPage) -> str:
    """Of which records stand on it, in which state."""
    states = [f"{id_} {at}" for id_, at in map(state_of, page.resources)]
    return sha256("\n".join(states).encode()).hexdigest()[:32]
