"""How the front desk says what it asks for: the options that commands share, and the request they make."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from hub.cli.answers import WALL_TIME

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.scheduling.request import BookingRequest, Trip


def near(value: datetime | None) -> datetime | None:
    """Refuse a date at the ends of the calendar, as the files do."""
    from hub.canonical.wall import require_near

    try:
        if value is not None:
            require_near(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return value


Service = Annotated[str, typer.Option(help="A service of the practice file.")]
Patient = Annotated[str, typer.Option(help="The patient's id in the hub.")]
Location = Annotated[str | None, typer.Option(help="Default: the only one.")]
Option = Annotated[str | None, typer.Option(help="An option of the service.")]
Package = Annotated[str | None, typer.Option(help="The package that pays.")]
With = Annotated[
    list[str] | None, typer.Option("--with", metavar="NAME=RESOURCE", help="Only this one for that need; repeatable.")
]
Arrives = Annotated[datetime, typer.Option(formats=[WALL_TIME], callback=near, help="Local time of arrival.")]
Override = Annotated[list[str] | None, typer.Option(help="A refusal code to pass over; repeatable.")]
Reason = Annotated[str | None, typer.Option(help="Why; nothing personal.")]
Role = Annotated[str | None, typer.Option(help="Whose right it is to pass over.")]


Given = TypeVar("Given")


@dataclass(frozen=True)
class Asked:
    """One visit of one patient, as the options say it."""

    service: str | None
    patient: str | None
    location: str | None = None
    option: str | None = None
    resources: list[str] | None = None
    package: str | None = None

    def trip(self, hub: "Hub") -> "Trip":
        """At the location given or the only one.

        Raises:
            InvalidInput: service or patient is missing, or one of several locations; or a resource without its need.
        """
        from hub.scheduling.request import Part, Trip

        service, patient = _given(self.service, "--service"), _given(self.patient, "--patient")
        part = Part(service, patient, self.option, pairs(self.resources, "--with"), self.package)
        return Trip((part,), location_of(hub, self.location))


@dataclass(frozen=True)
class Passing:
    """What is to be passed over, as the options say it."""

    override: list[str] | None = None
    reason: str | None = None
    role: str | None = None

    def request(self, hub: "Hub", trip: "Trip", arrives: datetime | None) -> "BookingRequest":
        """The trip at a local time."""
        from hub.canonical.time import instant_of
        from hub.scheduling.request import BookingRequest

        arrives_at = instant_of(_given(arrives, "--arrives"), hub.folder.practice.zone_of(trip.location_id))
        return BookingRequest(trip, arrives_at, frozenset(self.override or ()), self.reason, self.role)


def _given(value: Given | None, option: str) -> Given:
    from hub.errors import InvalidInput, Problem

    if value is None:
        raise InvalidInput(Problem("this is missing", field=option, hint="Give it, or --hold"))
    return value


def location_of(hub: "Hub", given: str | None) -> str:
    """The location given, or the only one.

    Raises:
        InvalidInput: there are several and none is given.
    """
    from hub.errors import InvalidInput, Problem

    known = [each.id for each in hub.folder.practice.locations]
    if given is None and len(known) > 1:
        raise InvalidInput(
            Problem("there are several locations", field="--location", hint=f"One of: {', '.join(known)}")
        )
    return given or known[0]


def pairs(given: Iterable[str] | None, option: str) -> dict[str, str]:
    """`name=value` options as a table.

    Raises:
        InvalidInput: one has another form.
    """
    from hub.errors import InvalidInput, Problem

    table = {}
    for word in given or ():
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise InvalidInput(Problem(f"{word!r} is not NAME=VALUE", field=option, hint="Such as provider=dr-lee"))
        table[name] = value
    return table
