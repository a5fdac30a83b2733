"""What a scenario asks: one model for each action, with every key the format knows."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from hub.canonical.practice import Entry, Stretch
from hub.canonical.wall import (
    MINUTES_PER_DAY,
    Count,
    Flag,
    MinuteOfDay,
    NearDate,
    Positive,
    Quantity,
    Some,
    WallTime,
    WeekDays,
    Word,
)
from hub.scheduling.scenario.day_actions import CheckInVisit, Clearances, Finish, Late, Over, Sign, Withdraw
from hub.scheduling.scenario.expectations import Expectation
from hub.scheduling.scenario.outside_actions import PaymentAnswers, Reconcile, VendorAnswers
from hub.scheduling.scenario.stock_actions import CountLot, Explain, Ledger, OpenVialOf, Receive, Reorders, Waste
from hub.scheduling.scenario.waiver_actions import Waivable, Waive

RefusalCode = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_-]*$")]


class PartEntry(Entry):
    """One service of a trip; `patient` only where several come together."""

    service: Word
    patient: Word | None = None
    option: Word | None = None
    resources: dict[Word, Word] = Field(default_factory=dict, alias="with")
    package: Word | None = None


class TripEntry(Entry):
    """One service, or `parts`. Each part takes its own `option`, `with` and `package`."""

    service: Word | None = None
    patient: Word | None = None
    option: Word | None = None
    resources: dict[Word, Word] = Field(default_factory=dict, alias="with")
    package: Word | None = None
    parts: Annotated[tuple[PartEntry, ...] | None, Some] = None
    together: Flag = False
    location: Word | None = None
    channel: Word = "desk"

    def wanted(self) -> tuple[PartEntry, ...]:
        """The parts, each with its patient."""
        if self.parts is not None:
            return tuple(part.model_copy(update={"patient": part.patient or self.patient}) for part in self.parts)
        if self.service is None:
            return ()
        single = PartEntry(
            service=self.service,
            patient=self.patient,
            option=self.option,
            resources=self.resources,
            package=self.package,
        )
        return (single,)

    def _check_trip(self) -> None:
        if (self.service is None) == (self.parts is None):
            raise ValueError("it takes either `service` or `parts`")
        if self.parts is not None and (self.option or self.resources or self.package):
            raise ValueError("with `parts`, each part takes its own `option`, `with` and `package`")
        if self.together and self.parts is None:
            raise ValueError("`together` goes with `parts`")
        patients = {part.patient for part in self.wanted()}
        if None in patients:
            raise ValueError("the key 'patient' is missing")
        if len(patients) > 1 and not self.together:
            raise ValueError("a trip of several services is one patient's; several patients come `together: true`")


class Asking(Entry):
    """The keys with which the desk passes over rules."""

    override: tuple[RefusalCode, ...] = ()
    reason: str | None = None
    role: Word | None = None


def parse_ranked(value: Any) -> bool | int:
    """Whether to rank, or how many."""
    if not isinstance(value, int) or (value < 1 and value is not False):
        raise ValueError("`true`, or how many of the best, from 1 on")
    return value


Ranked = Annotated[bool | int, PlainValidator(parse_ranked)]


class Prefers(Entry):
    """What the patient would like, and can do without."""

    resources: dict[Word, Word] = Field(default_factory=dict, alias="with")
    days: WeekDays | None = None
    starts: MinuteOfDay | None = Field(default=None, alias="from")
    """Of the day, to arrive."""
    ends: MinuteOfDay | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if (self.starts or 0) >= (MINUTES_PER_DAY if self.ends is None else self.ends):
            raise ValueError("`to` is later than `from`")
        return self


class Find(TripEntry):
    """Openings on whole local dates of arrival, both counted."""

    from_on: NearDate = Field(alias="from")
    until_on: NearDate = Field(alias="until")
    ranked: Ranked = False
    """Also in the order in which to offer them: all, or so many."""
    prefers: Prefers | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self._check_trip()
        if self.until_on < self.from_on:
            raise ValueError("`until` is not before `from`")
        if self.prefers is not None and not self.ranked:
            raise ValueError("`prefers` goes with `ranked`")
        return self


class Hold(TripEntry, Asking):
    """Take time, promise and credit for a while."""

    arrives: WallTime
    named: Word | None = Field(default=None, alias="as")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self._check_trip()
        return self


class Book(TripEntry, Asking):
    """Book a trip, or turn a hold into visits."""

    hold: Word | None = None
    arrives: WallTime | None = None
    key: Word | None = None
    named: Word | None = Field(default=None, alias="as")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.hold is not None:
            beside = self.model_fields_set - {"hold", "key", "named"}
            if beside:
                raise ValueError("`hold` stands alone, beside `key` and `as`: the hold says the rest")
            return self
        self._check_trip()
        if self.arrives is None:
            raise ValueError("the key 'arrives' is missing")
        return self


class Move(Asking):
    """Another time for what is booked."""

    visit: Word
    arrives: WallTime
    resources: dict[Word, Word] | None = Field(default=None, alias="with")
    location: Word | None = None
    channel: Word = "desk"


class Cancel(Waivable):
    """Call a visit off."""

    visit: Word
    by: Literal["patient", "practice"] = "patient"


class BookSeries(TripEntry):
    """A whole series at once, or nothing; with `parts` several people's, a series each, all or none."""

    start: NearDate
    until: NearDate
    sessions: Annotated[Positive, Field(le=1_000)] | None = None
    named: Word | None = Field(default=None, alias="as")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.parts is None:
            self._check_trip()
        elif self.service or self.option or self.resources or self.package or self.together:
            raise ValueError("with `parts`, each is a series of its own and takes its own keys")
        elif any(part.patient is None for part in self.wanted()):
            raise ValueError("the key 'patient' is missing")
        if self.until < self.start:
            raise ValueError("`until` is not before `start`")
        return self


class Used(Entry):
    """What was really used."""

    product: Word
    quantity: Quantity


class Complete(Entry):
    """The visit took place."""

    visit: Word
    used: tuple[Used, ...] | None = None


class NoShow(Waivable):
    """The patient did not come."""

    visit: Word


class Waitlist(TripEntry):
    """Wait for a freed time."""

    from_on: NearDate = Field(alias="from")
    until_on: NearDate = Field(alias="until")
    named: Word | None = Field(default=None, alias="as")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self._check_trip()
        if self.until_on < self.from_on:
            raise ValueError("`until` is not before `from`")
        return self


class Gaps(Entry):
    """Idle stretches of resources on whole local dates, both counted, and who waits and fits."""

    from_on: NearDate = Field(alias="from")
    until_on: NearDate = Field(alias="until")
    kinds: Annotated[tuple[Word, ...] | None, Some] = None
    """None: those of `ranking`."""
    location: Word | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.until_on < self.from_on:
            raise ValueError("`until` is not before `from`")
        return self


class Offers(Entry):
    """Who has a freed time offered."""


class Away(Stretch):
    """A resource is gone for a while."""

    resource: Word


class Repair(Entry):
    """Re-place the visits of a date that no longer fit."""

    date: NearDate
    notice_minutes: Count = 0
    location: Word | None = None


class ActionEntry(Entry):
    """One action and what must come out of it."""

    find: Find | None = None
    hold: Hold | None = None
    book: Book | None = None
    move: Move | None = None
    cancel: Cancel | None = None
    series: BookSeries | None = None
    clock: WallTime | None = None
    complete: Complete | None = None
    no_show: NoShow | None = None
    waitlist: Waitlist | None = None
    offers: Offers | None = None
    gaps: Gaps | None = None
    away: Away | None = None
    repair: Repair | None = None
    late: Late | None = None
    over: Over | None = None
    finish: Finish | None = None
    sign: Sign | None = None
    withdraw: Withdraw | None = None
    clearances: Clearances | None = None
    check_in: CheckInVisit | None = None
    waive: Waive | None = None
    open: OpenVialOf | None = None
    receive: Receive | None = None
    waste: Waste | None = None
    count: CountLot | None = None
    explain: Explain | None = None
    ledger: Ledger | None = None
    reorders: Reorders | None = None
    vendor: VendorAnswers | None = None
    payment: PaymentAnswers | None = None
    reconcile: Reconcile | None = None
    expect: Expectation | None = None

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in ACTIONS) != 1:
            raise ValueError(f"one action stands here: {', '.join(ACTIONS)}")
        return self

    @property
    def kind(self) -> str:
        """The action's word."""
        return next(kind for kind in ACTIONS if getattr(self, kind) is not None)


ACTIONS = tuple(name for name in ActionEntry.model_fields if name != "expect")
