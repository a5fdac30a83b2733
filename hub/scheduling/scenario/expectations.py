"""What must come out of an action, and whether it did. Only the keys an expectation gives are compared."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from hub.canonical.practice import Entry
from hub.canonical.wall import Count, Flag, LocalDate, Quantity, WallTime, Word
from hub.scheduling.scenario.day_actions import KnockOn, MissingRow
from hub.scheduling.scenario.stock_expectations import StockExpectation


class GapRow(Entry):
    """An idle stretch, as an expectation; only the keys given are compared."""

    resource: Word | None = None
    starts: WallTime | None = Field(default=None, alias="from")
    ends: WallTime | None = Field(default=None, alias="to")
    short: Flag | None = None
    fits: tuple[Word, ...] | None = None
    """Patients, in any order."""


class HurdleRow(Entry):
    """A session of the series that a change would make possible; only the keys given are compared."""

    session: Count | None = None
    arrives: WallTime | None = None
    codes: tuple[Word, ...] | None = None
    """In any order."""


class RemedyRow(Entry):
    """A smallest change that would do."""

    lift: tuple[Word, ...] | None = None
    """Codes, in any order."""
    sessions: tuple[HurdleRow, ...] | None = None


class Why(Entry):
    """Why there is no series; only the keys given are compared."""

    patient: Word | None = None
    session: Count | None = None
    """The first that finds no place."""
    booked: tuple[WallTime, ...] | None = None
    reasons: tuple[Word, ...] | None = None
    """In any order."""
    smallest: tuple[RemedyRow, ...] | None = None


class RelyingRow(Entry):
    """A visit that was to follow, as an expectation; only the keys given are compared."""

    visit: Word | None = None
    codes: tuple[Word, ...] | None = None
    """In any order."""


class NearestTimes(Entry):
    """The times around a refused one; `null`: there is none within the days looked at."""

    before: WallTime | None = None
    after: WallTime | None = None


class Expectation(StockExpectation):
    """Every key an expectation may give."""

    ok: Flag | None = None
    refused: tuple[Word, ...] | None = None
    """Exactly these codes, in any order."""
    first: WallTime | None = None
    openings: tuple[WallTime, ...] | None = None
    count: Count | None = None
    none: Flag | None = None
    arrives: WallTime | None = None
    arrivals: tuple[WallTime, ...] | None = None
    resources: dict[Word, Word] | None = Field(default=None, alias="with")
    deposit: Count | None = None
    fee: Count | None = None
    refund: Count | None = None
    due: Count | None = None
    waived: Count | None = None
    stock: dict[Word, Quantity] | None = None
    patients: tuple[Word, ...] | None = None
    moved: Count | None = None
    kept: Count | None = None
    unplaced: Count | None = None
    leaves: WallTime | None = None
    knock_on: tuple[KnockOn, ...] | None = None
    """In the order of the chain."""
    contested: tuple[Word, ...] | None = None
    missing: tuple[MissingRow, ...] | None = None
    """In any order."""
    version: Word | None = None
    until: LocalDate | None = None
    relying: tuple[RelyingRow, ...] | None = None
    """In any order."""
    supervised: Flag | None = None
    nearest: NearestTimes | None = None
    ranked: tuple[WallTime, ...] | None = None
    """Best first."""
    best: WallTime | None = None
    costs: tuple[Count, ...] | None = None
    """Points, in the order of `ranked`."""
    why: Why | None = None
    gaps: tuple[GapRow, ...] | None = None
    """By resource, then by time."""
    undecided: Word | None = None
    """The stage of what nobody knows yet: `paying`, `confirming`."""
    payment: Word | None = None
    """Where the deposit stands that is taken first."""
    done: Count | None = None
    released: Count | None = None
    waiting: Count | None = None
    idle: dict[Word, Count] | None = None
    """Resource → minutes of gaps in all."""

    def given(self) -> tuple[str, ...]:
        """The keys it gives, as the file writes them."""
        return tuple("with" if name == "resources" else name for name in sorted(self.model_fields_set))

    def value(self, key: str) -> Any:
        """What it gives for a key."""
        value = getattr(self, "resources" if key == "with" else key)
        return [_plain(one) for one in value] if isinstance(value, tuple) else _plain(value)


def _plain(value: Any) -> Any:
    return value.model_dump(exclude_unset=True, by_alias=True) if isinstance(value, Entry) else value


def mismatches(expected: Expectation, got: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys whose values are not as expected."""
    return tuple(key for key in expected.given() if not _agrees(key, expected.value(key), got.get(key)))


def _agrees(key: str, expected: Any, got: Any) -> bool:
    if key == "refused" and got is None:
        return not expected  # `refused: []`: not refused
    if got is None or expected is None:
        return got is expected
    return _COMPARED.get(key, _same)(expected, got)


def _same(expected: Any, got: Any) -> bool:
    return bool(expected == got)


def _same_nearest(expected: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    return all(_agrees("arrives", at, got[side]) for side, at in expected.items())


def _same_words(expected: Any, got: Any) -> bool:
    return sorted(expected) == sorted(got)


def _same_rows(expected: Any, got: Any) -> bool:
    return len(expected) == len(got) and all(_gives(e, g) for e, g in zip(expected, got, strict=True))


def _same_rows_in_any_order(expected: Any, got: Any) -> bool:
    return len(expected) == len(got) and _are_paired(expected, got)


def _are_paired(expected: Sequence[Mapping[str, Any]], got: Sequence[Mapping[str, Any]]) -> bool:
    """Whether each expected row has a row of its own: one that is taken goes on to another where that frees it."""
    holder: dict[int, int] = {}

    def finds_one(number: int, tried: set[int]) -> bool:
        for place, row in enumerate(got):
            if place not in tried and _gives(expected[number], row):
                tried.add(place)
                if place not in holder or finds_one(holder[place], tried):
                    holder[place] = number
                    return True
        return False

    return all(finds_one(number, set()) for number in range(len(expected)))


def _has_all(expected: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    return all(name in got and got[name] == value for name, value in expected.items())


def _gives(expected: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    """Whether a row has what is expected of it; lists in it are in any order."""
    return all(_is_given(value, got.get(key)) for key, value in expected.items())


def _is_given(expected: Any, got: Any) -> bool:
    if isinstance(expected, datetime):
        return _same_moment(expected, got)
    if not isinstance(expected, tuple):
        return bool(expected == got)
    if expected and isinstance(expected[0], Mapping):
        return _same_rows(expected, got)
    if expected and isinstance(expected[0], datetime):
        return _same_moments(expected, got)
    return _same_words(expected, got)


def _same_moments(expected: Any, got: Any) -> bool:
    if isinstance(expected, datetime):
        return _same_moment(expected, got)
    return len(expected) == len(got) and all(_same_moment(e, g) for e, g in zip(expected, got, strict=True))


def _same_moment(expected: datetime, got: datetime) -> bool:
    """Compared as instants where an offset is expected, otherwise as the clock shows it."""
    if expected.tzinfo is None:
        return expected == got.replace(tzinfo=None)
    # In UTC, for Python finds no two instants of different zones equal while one of them is in a repeated hour.
    return expected.astimezone(UTC) == got.astimezone(UTC)


_MOMENTS = ("closes", "first", "openings", "arrivals", "arrives", "leaves", "ranked", "best")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "nearest": _same_nearest,
    "why": _gives,
    **dict.fromkeys(_MOMENTS, _same_moments),
    **dict.fromkeys(("refused", "patients", "contested"), _same_words),
    **dict.fromkeys(("knock_on", "gaps"), _same_rows),
    **dict.fromkeys(("missing", "relying", "reorders"), _same_rows_in_any_order),
    **dict.fromkeys(("with", "stock", "idle"), _has_all),
}
"""Key → how its values are compared; those that are not here are equal or not."""
