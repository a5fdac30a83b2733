"""A connected system that owns a location's calendar, as the operations ask it. A connector fills it."""

from dataclasses import dataclass
from typing import Protocol

from hub.canonical.source import SourceRecord, SourceRef
from hub.ports.systems import Write


@dataclass(frozen=True, slots=True)
class Confirmed:
    """It stands there as it was asked for; of a cancellation: it stands there as cancelled."""

    record: SourceRecord


@dataclass(frozen=True, slots=True)
class Declined:
    """It does not stand there as it was asked for, and will not."""

    code: str
    """Not personal."""
    may_stand: bool = False
    """Something of it may stand there, and is to be taken back."""
    was_asked: bool = True
    """False: no connection came about, so nobody there heard of it."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing stands there under this id at this moment; what is still on its way may come."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer that can be trusted: it may stand there or not."""

    code: str
    """Not personal."""


class VendorCalendar(Protocol):
    """A vendor's calendar. Every visit stands there under the hub's id, once, however often it is asked for.

    No method raises for what the vendor does or fails to do. Each returns within about half a minute.
    """

    def confirm(self, write: Write) -> Confirmed | Declined | Unknown:
        """Make the visit, unless it is there already under its id."""
        ...

    def look(self, write: Write) -> Confirmed | Declined | Absent | Unknown:
        """How the visit stands there now; declined: it stands there otherwise than `write` says. Changes nothing."""
        ...

    def move(self, write: Write) -> Confirmed | Declined | Unknown:
        """Change the visit that is there to what `write` says. Asking again changes nothing more.

        What does not take place there any more stays so: declined, `cancelled_there`.
        """
        ...

    def cancel(self, visit_id: str, target: SourceRef | None) -> Confirmed | Declined | Absent | Unknown:
        """See that the visit does not take place there; absent: there is none. Asking again changes nothing more."""
        ...
