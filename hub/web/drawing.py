"""The parts of a drawn day board. All positions are elapsed minutes from the top of the axis."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from hub.web.axis import Tick
from hub.web.conflicts import Conflict
from hub.web.lanes import Lane


class Phase(StrEnum):
    """What a step means for the room it is drawn in."""

    TREATMENT = "treatment"
    ALONE = "alone"
    """The patient is there, nobody of the staff: numbing, recovery."""
    WITHOUT_PATIENT = "without-patient"
    """Set-up, cleaning, turnover."""
    NO_VISIT = "no-visit"
    """A bare block, or a hold."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One step within a block."""

    top: int
    height: int
    phase: Phase
    label: str
    main: bool
    """The step that carries the visit's name."""


@dataclass(frozen=True, slots=True)
class Block:
    """An unbroken stretch of one visit (or of no visit) in one column."""

    id: str
    card_id: str | None
    top: int
    height: int
    lane: Lane
    segments: tuple[Segment, ...]
    name: str
    service: str
    when: str
    state: str
    """A visit state's value, or `block`."""
    state_words: str
    conflicts: tuple[Conflict, ...]
    """Why it is marked; empty: it is not."""
    unsigned: str | None
    """What the patient has still to sign."""
    begins_before: bool
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Band:
    """Time in which the column's resource is not at work."""

    top: int
    height: int
    label: str


@dataclass(frozen=True, slots=True)
class Column:
    """A provider, room or device."""

    id: str
    kind: str
    kind_words: str
    name: str
    detail: str | None
    leads: bool
    """The first of its kind."""
    bands: tuple[Band, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class CardStep:
    """A line of a visit's card."""

    when: str
    step: str
    where: str
    phase: Phase


@dataclass(frozen=True, slots=True)
class Card:
    """A visit in words; what a click on any of its blocks shows."""

    id: str
    name: str
    service: str
    when: str
    state: str
    state_words: str
    steps: tuple[CardStep, ...]
    conflicts: tuple[Conflict, ...]
    unsigned: str | None
    """`Laser consent and Photo release`: what the patient has still to sign."""
    missing: str | None
    at_hand: str | None
    """`no room`, `no provider and no room`: what an outside record left open."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """A conflict, and the first block in which it shows."""

    conflict: Conflict
    block_id: str | None
    """None: on none of the columns."""


@dataclass(frozen=True, slots=True)
class Board:
    """One page."""

    on: date
    title: str
    is_today: bool
    length: int
    ticks: tuple[Tick, ...]
    now: int | None
    now_words: str
    clock_change: str | None
    groups: tuple[tuple[str, int], ...]
    """The columns' kinds in order, and how many of each."""
    columns: tuple[Column, ...]
    cards: tuple[Card, ...]
    """Every visit that occupies time, by start."""
    conflicts: tuple[ConflictLine, ...]
    unplaced: tuple[Card, ...]
    unsigned: bool
    """Whether somebody has still to sign something."""
    fallen_through: tuple[Card, ...]
    """Cancelled visits and no-shows: they occupy nothing, and are not forgotten."""
