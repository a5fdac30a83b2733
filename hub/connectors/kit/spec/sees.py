"""How a stream sees what happened in its system, beside what its reading shows by itself.

A reading by `since` sees what is new and what changed, as far as the system stamps it; `deleted` sees what is marked as
gone. What neither shows is found by reading again: the days to come (`horizon`), or all there is (`sweep`).
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from pydantic import Field

from hub.connectors.kit.spec.declared import Declared, Duration, Wrong, within
from hub.connectors.kit.spec.reading import InstantFormat, Reading


class Bound(Declared):
    """How one end of a stretch of time is asked for."""

    param: str
    """As `since.param`; both ends may have the same one, which is then given twice."""
    format: InstantFormat = "date"
    template: str = "{at}"
    """For systems with a filter language: `ge{at}`."""

    def find_problems(self) -> Iterator[Wrong]:
        """A text that does not say when."""
        if "{at}" not in self.template:
            yield ("template",), "the text does not hold {at}", "Such as ge{at}"


class Horizon(Declared):
    """The visits of the days to come are read again, whoever changed them and however silently."""

    days: int = Field(default=90, ge=1, le=1000)
    """From today on, in the connection's zone."""
    every: Duration = timedelta(hours=1)
    """Not more often than this; a pull in between reads only what changed."""
    first: Bound | None = None
    """The start of today. FHIR servers are asked in their own way."""
    last: Bound | None = None
    """The day after the last one. Without it, all that is to come is read."""

    def find_problems(self) -> Iterator[Wrong]:
        """Those of its ends."""
        yield from within(("first",), self.first)
        yield from within(("last",), self.last)


class Sweep(Declared):
    """All records are listed: one that is linked and not listed any more may be gone, and is asked for."""

    every: Duration = timedelta(days=1)
    """Not more often than this."""
    list: Reading | None = None
    """A cheaper list that tells no more than ids. Without it the stream is read whole, and shows missed changes."""

    def find_problems(self) -> Iterator[Wrong]:
        """Those of its list."""
        yield from within(("list",), self.list)
        if self.list is not None and self.list.since is not None:
            yield ("list", "since"), "a sweep lists everything", "Remove it"


class Sees(Declared):
    """What is read again, and what nobody will see."""

    horizon: Horizon | None = None
    sweep: Sweep | None = None
    removed: Reading | None = None
    """A list of ids of what was deleted there, read with each pull; by `since` only what is new in it."""
    deletions: Literal["none"] | None = None
    """`none`: that a deletion there shows nowhere is known and accepted."""

    @property
    def reads_again(self) -> bool:
        """Whether anything is."""
        return self.horizon is not None or self.sweep is not None

    def find_problems(self) -> Iterator[Wrong]:
        """Those of its blocks, and a word that they belie."""
        yield from within(("horizon",), self.horizon)
        yield from within(("sweep",), self.sweep)
        yield from within(("removed",), self.removed)
        for name, seer in (("sweep", "the sweep"), ("removed", "'removed'")):
            if self.deletions is not None and getattr(self, name) is not None:
                yield ("deletions",), f"{seer} sees deletions", "Remove one of the two"
