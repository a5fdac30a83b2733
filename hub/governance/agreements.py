"""Business associate agreements: which connected system personal data may go to and come from, and until when (G3).

The file is `agreements.yaml` of the practice folder. What is personal is marked at the canonical fields.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import model_validator

from hub.canonical.ids import PatientId
from hub.canonical.phi import Phi, phi_classes
from hub.canonical.practice_places import Entry
from hub.canonical.record import Record
from hub.canonical.wall import LocalDate, Some, Word
from hub.documents import Path, parse
from hub.errors import InvalidInput, NeedsAttention, Problem

FILE = "agreements.yaml"
REVIEW_AFTER = timedelta(days=365)
REVIEW_CHANGE_WITHIN = timedelta(days=30)

Systems = Annotated[tuple[Word, ...], Some]


class MaterialChange(Entry):
    """What asks for a review before the year is over."""

    on: LocalDate
    what: Literal["acquisition", "platform_migration", "new_ai_features", "other"]


class Agreement(Entry):
    """A signed business associate agreement."""

    vendor: Word
    """Who signed it."""
    systems: Systems
    """The connections it covers."""
    signed_on: LocalDate
    """The first day in force."""
    until: LocalDate | None = None
    """The last day in force; None: until it is ended."""
    reviewed_on: LocalDate | None = None
    """The last review; None: the day it was signed."""
    changes: tuple[MaterialChange, ...] = ()
    document: Word | None = None
    """Where the signed paper is kept."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until is not None and self.until < self.signed_on:
            raise ValueError("`until` is not before `signed_on`")
        if self.reviewed_on is not None and self.reviewed_on < self.signed_on:
            raise ValueError("`reviewed_on` is not before `signed_on`")
        return self

    def is_in_force(self, day: date) -> bool:
        """Whether it holds on that day."""
        return self.signed_on <= day and (self.until is None or day <= self.until)

    def review_due_on(self) -> date:
        """The last day for the next review: a year after the last one, or soon after a material change since."""
        reviewed = self.reviewed_on or self.signed_on
        changed = [change.on + REVIEW_CHANGE_WITHIN for change in self.changes if change.on > reviewed]
        return min([reviewed + REVIEW_AFTER, *changed])


class Why(StrEnum):
    """Why a connection needs no agreement, and what may move all the same."""

    PAYMENT_PROCESSING = "payment_processing"
    """Who, how to reach them, and money; nothing clinical."""
    NO_PERSONAL_DATA = "no_personal_data"
    """Nothing personal."""
    OWN_RECORDS = "own_records"
    """The practice's own files or database: everything, no vendor is involved."""


MOVES = {
    Why.PAYMENT_PROCESSING: frozenset({Phi.IDENTITY, Phi.CONTACT, Phi.FINANCIAL}),
    Why.NO_PERSONAL_DATA: frozenset[Phi](),
    Why.OWN_RECORDS: frozenset(Phi),
}


class Exemption(Entry):
    """A connection that needs no agreement, declared on purpose."""

    system: Word
    why: Why
    note: str = ""


class Agreements(Entry):
    """The file `agreements.yaml`."""

    agreements: tuple[Agreement, ...] = ()
    exemptions: tuple[Exemption, ...] = ()

    @property
    def covered(self) -> frozenset[str]:
        """The connections that stand in it, whatever the day."""
        signed = {system for agreement in self.agreements for system in agreement.systems}
        return frozenset(signed | {exemption.system for exemption in self.exemptions})

    def find_problems(self, systems: Collection[str]) -> Iterator[tuple[Path, str, str]]:
        """Where it names no connection, or says two things of one: place, what, what to do."""
        covered = set()
        for number, agreement in enumerate(self.agreements):
            covered |= set(agreement.systems)
            for place, system in enumerate(agreement.systems):
                if system not in systems:
                    yield ("agreements", number, "systems", place), *_unknown(system, systems)
        for number, exemption in enumerate(self.exemptions):
            if exemption.system not in systems:
                yield ("exemptions", number, "system"), *_unknown(exemption.system, systems)
            if exemption.system in covered:
                message = f"{exemption.system} has an agreement and an exemption"
                yield ("exemptions", number, "system"), message, "Keep the one that is true"
            covered.add(exemption.system)


class State(StrEnum):
    """How a connection stands on a day."""

    IN_FORCE = "in_force"
    EXEMPT = "exempt"
    NONE = "none"
    NOT_YET = "not_yet"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a connection may move on a day, and what is due."""

    system: str
    state: State
    moves: frozenset[Phi]
    """The classes of personal data that may go there and come from there."""
    vendor: str | None = None
    why: Why | None = None
    until: date | None = None
    review_due_on: date | None = None
    is_overdue: bool = False
    """The review should have been made; nothing is cut off for that."""


def judge_agreement(agreements: Agreements, system: str, day: date) -> Standing:
    """How a connection stands on a local date of the practice."""
    exemption = next((one for one in agreements.exemptions if one.system == system), None)
    if exemption is not None:
        return Standing(system, State.EXEMPT, MOVES[exemption.why], why=exemption.why)
    covering = [one for one in agreements.agreements if system in one.systems]
    in_force = [one for one in covering if one.is_in_force(day)]
    if in_force:
        agreement = max(in_force, key=lambda one: one.review_due_on())
        due_on = agreement.review_due_on()
        known = {"vendor": agreement.vendor, "until": agreement.until, "review_due_on": due_on}
        return Standing(system, State.IN_FORCE, frozenset(Phi), **known, is_overdue=day > due_on)  # type: ignore[arg-type]
    if not covering:
        return Standing(system, State.NONE, frozenset())
    to_come = any(one.signed_on > day for one in covering)
    last = max(covering, key=lambda one: one.signed_on)
    return Standing(system, State.NOT_YET if to_come else State.ENDED, frozenset(), last.vendor, until=last.until)


def personal_classes(model: type[Record], names: Iterable[str]) -> frozenset[Phi]:
    """How personal these fields of a record are; whose record it is counts as identity."""
    marks = phi_classes(model)
    fields = model.model_fields
    whose = {name for name, info in fields.items() if info.annotation is PatientId and name != "id"}
    return frozenset(marks.get(name, Phi.IDENTITY) for name in names if name in marks or name in whose)


def require_agreement(standing: Standing, kind: str, classes: Collection[Phi]) -> None:
    """Make sure that records of this kind, with fields of these classes, may go there or come from there.

    Raises:
        NeedsAttention: nothing was moved.
    """
    withheld = sorted(set(classes) - standing.moves)
    if not withheld:
        return
    message = f"{standing.system} may not hold or give {', '.join(withheld)} data of a {kind}: {_said(standing)}"
    hint = "Enter the signed agreement, or declare the exemption; nothing was moved"
    raise NeedsAttention(Problem(message, code="no_agreement", file=FILE, field=standing.system, hint=hint))


def read_agreements(text: str, file: str, systems: Collection[str]) -> Agreements:
    """The file, checked against the connections there are.

    Raises:
        InvalidInput: with file, line, key and what to do for each place that is wrong.
    """
    document = parse(text, file)
    agreements = document.read_as(Agreements)
    problems = [document.problem(path, message, hint) for path, message, hint in agreements.find_problems(systems)]
    if problems:
        raise InvalidInput(*problems)
    return agreements


def _unknown(system: str, systems: Collection[str]) -> tuple[str, str]:
    return f"there is no connection {system!r}", f"There are: {', '.join(sorted(systems)) or 'none'}"


def _said(standing: Standing) -> str:
    match standing.state:
        case State.EXEMPT:
            return f"it is exempt for {standing.why}"
        case State.ENDED:
            return f"the agreement with {standing.vendor} ended on {standing.until}"
        case State.NOT_YET:
            return f"the agreement with {standing.vendor} is not in force yet"
        case _:
            return "there is no business associate agreement with its vendor"
