"""One table, as its rows go by."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS
from hub.mapping.codes import loose
from hub.mapping.profile.column import MOST_KEPT, ColumnProfile
from hub.mapping.proposal import Proposal, propose
from hub.mapping.proposal.names import LIKELY
from hub.tables import BadRow, Row

_AT_ONCE = 4_000
SAMPLE_ROWS = 200
LONGEST_KEY = 64
"""Characters: notes differ in every row, too, and are no ids."""


@dataclass(slots=True)
class TableProfile:
    """What is known of a table."""

    name: str
    columns: tuple[ColumnProfile, ...]
    rows: int = 0
    """With the repeated ones, without the bad ones."""
    repeated: int = 0
    """Rows that are word for word another one, as far as rows were kept."""
    bad: Counter[str] = field(default_factory=Counter)
    """Rows that could not be read, by code."""
    first_bad: tuple[str, ...] = ()
    """Of each code one: file, line, what is wrong and what to do."""
    sample: list[Mapping[str, str]] = field(default_factory=list)
    """Some rows from all over the table, for a proposal. Personal."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that are filled in every row and (nearly) never twice the same: those that never are first."""
        found = [one for one in self.columns if self.rows and one.may_be_key and one.filled == self.rows]
        found = [one for one in found if one.kind not in ("date", "yes or no") and one.longest <= LONGEST_KEY]
        few = [one for one in found if one.again * 20 <= self.rows - self.repeated]
        return tuple(one.name for one in sorted(few, key=lambda one: one.again > 0))

    def propose(self, *, system: str, kind: Kind | None = None) -> tuple[Kind, Proposal] | None:
        """A first mapping table, of the kind that the table's name says, or for which all that is needed is found.

        None: it is like nothing that there is a table for.
        """
        kind = kind or _kind_called(self.name)
        if kind is not None:
            return kind, propose(self.sample, kind, system=system, row=True)
        found = {one: propose(self.sample, one, system=system, row=True) for one in LIKELY}
        whole = {one: share for one, proposal in found.items() if (share := _share_found(one, proposal)) > ENOUGH}
        best = max(whole, key=lambda one: whole[one], default=None)
        return (best, found[best]) if best is not None else None


ENOUGH = 0.4
_CALLED = {
    Kind.PAYMENT: ("payment", "transaction", "receipt"),
    Kind.PACKAGE: ("package",),
    Kind.GIFT_CARD: ("giftcard", "giftcertificate", "voucher"),
    Kind.MEMBERSHIP: ("membership", "subscription"),
    Kind.INVOICE: ("invoice",),
    Kind.LOT: ("inventory", "stock"),
    Kind.VISIT: ("appointment", "visit", "booking", "appt"),
    Kind.SERVICE: ("service", "treatment", "menu"),
    Kind.PROVIDER: ("staff", "provider", "employee", "therapist", "practitioner"),
    Kind.LOCATION: ("location", "center", "branch", "clinic"),
    Kind.PATIENT: ("patient", "client", "guest", "customer", "contact"),
}


def _kind_called(name: str) -> Kind | None:
    plain = loose(name)
    return next((kind for kind, words in _CALLED.items() if any(word in plain for word in words)), None)


def _share_found(kind: Kind, proposal: Proposal) -> float:
    """Of the kind's fields; 0 where one is missing that must be there."""
    fields = MODELS[kind].model_fields
    missing = set(proposal.not_found)
    if any(fields[name].is_required() for name in missing):
        return 0.0
    return 1 - len(missing) / (len(fields) - 1)


def profile_table(
    name: str,
    columns: Sequence[str],
    rows: Iterable[Row | BadRow],
    progress: Callable[[int], None] = lambda _rows: None,
) -> TableProfile:
    """Read to the end; what is kept does not grow with the table.

    Raises:
        InvalidInput: as the rows.
    """
    profile = TableProfile(name, tuple(ColumnProfile(column) for column in columns))
    seen: set[int] = set()
    source = iter(rows)
    while batch := list(islice(source, _AT_ONCE)):
        good = [row for row in batch if isinstance(row, Row)]
        _take(profile, good, seen)
        if len(good) < len(batch):
            _take_bad(profile, [row for row in batch if isinstance(row, BadRow)])
        progress(profile.rows)
    return profile


def _take(profile: TableProfile, rows: Sequence[Row], seen: set[int]) -> None:
    if not rows:
        return
    values = [tuple(row.values.values()) for row in rows]
    repeated = 0
    for one in values:
        place = hash(one)
        if place in seen:
            repeated += 1
        elif len(seen) < MOST_KEPT:
            seen.add(place)
    for column, texts in zip(profile.columns, zip(*values, strict=True), strict=True):
        column.take(texts, repeated)
    profile.repeated += repeated
    profile.rows += len(rows)
    _sample(profile, rows)


def _sample(profile: TableProfile, rows: Sequence[Row]) -> None:
    """The first rows; of each further batch a few in place of some of the first."""
    if len(profile.sample) < SAMPLE_ROWS:
        profile.sample += [row.values for row in rows[: SAMPLE_ROWS - len(profile.sample)]]
        return
    place = profile.rows // _AT_ONCE * 7
    for number, row in enumerate(rows[:: max(len(rows) // 7, 1)][:7]):
        profile.sample[(place + number) % SAMPLE_ROWS] = row.values


def _take_bad(profile: TableProfile, rows: Sequence[BadRow]) -> None:
    for row in rows:
        if row.problem.code not in profile.bad:
            profile.first_bad += (str(row.problem),)
        profile.bad[row.problem.code] += 1


def as_json(profile: TableProfile) -> dict[str, Any]:
    """For `--json`: nothing personal."""
    columns = [
        {
            "name": one.name,
            "kind": one.kind,
            "filled": one.filled,
            "longest": one.longest,
            "twice": one.twice if one.may_be_key else None,
            "personal": one.is_personal,
            "dates": one.date_forms if one.kind == "date" else {},
            "numbers": one.number_forms if one.kind == "number" else {},
            "doubts": list(one.doubts),
            "shown": one.shown(),
        }
        for one in profile.columns
    ]
    return {
        "file": profile.name,
        "rows": profile.rows,
        "repeated": profile.repeated,
        "bad": dict(profile.bad),
        "first_bad": list(profile.first_bad),
        "keys": list(profile.keys),
        "columns": columns,
    }
