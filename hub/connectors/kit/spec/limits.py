"""How often and how long a system may be asked."""

from typing import Literal

from pydantic import Field

from hub.connectors.kit.spec.declared import Declared, JsonPath, OneOrMore


class Rate(Declared):
    """So many requests in any stretch of so many seconds."""

    requests: int = Field(ge=1)
    per_seconds: float = Field(gt=0, le=86_400)


class Points(Declared):
    """A bucket of cost points that leaks: GraphQL vendors count so."""

    capacity: int = Field(ge=1)
    per_second: float = Field(gt=0)
    """So many come back each second."""
    cost: int = Field(default=10, ge=1)
    """Of a request whose cost is not known yet."""
    cost_path: JsonPath | None = None
    """Where an answer says what it did cost: `extensions.cost.actualQueryCost`."""
    left_path: JsonPath | None = None
    """Where an answer says what is left: `extensions.cost.throttleStatus.currentlyAvailable`."""


class Wait(Declared):
    """A header that says how long to stay away, beside `Retry-After` and `Retry-After-Ms`, which are always read."""

    header: str
    unit: Literal["seconds", "milliseconds", "unix"] = "seconds"
    """`unix`: not a length but the moment, in seconds since 1970."""


class MassChange(Declared):
    """From where on a pull stops and asks a person, before it applies anything."""

    share: float = Field(default=0.2, gt=0, le=1)
    """The part of the linked records of a kind that one pull may change or lose."""
    at_least: int = Field(default=50, ge=1)
    """Fewer than so many are never too many."""


class LimitsSpec(Declared):
    """The rate and the points hold for all processes of a hub together, the rest for each of them."""

    rate: OneOrMore[Rate] = ()
    """One, or several that hold together: `[{requests: 10, per_seconds: 1}, {requests: 500, per_seconds: 60}]`."""
    points: Points | None = None
    concurrent: int | None = Field(default=None, ge=1)
    """So many requests at the same time."""
    share: float = Field(default=1.0, gt=0, le=1)
    """The hub's part of the rate and the points, where other programs ask the system under the same allowance."""
    wait: OneOrMore[Wait] = ()
    timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    """The longest silence within an answer."""
    whole_seconds: float = Field(default=120.0, gt=0, le=3600)
    """The longest time for a whole answer."""
    attempts: int = Field(default=3, ge=1, le=10)
    """How often what may be repeated is tried before the next run."""
    longest_wait_seconds: float = Field(default=90.0, ge=0, le=600)
    """Where a turn, or the end of a pause the server asked for, is further away, the rest is left to the next run."""
    give_up_after: int = Field(default=5, ge=1)
    """So many failures in a row, and it is not asked any more …"""
    leave_alone_seconds: float = Field(default=30.0, gt=0)
    """… for so long; then once, to see whether it is back."""
