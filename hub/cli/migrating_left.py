"""What a run of a migration leaves open for a person, told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.operations.migration.run_history import Run
    from hub.ports import UnitOfWork

SHOWN = 5
"""How many rows stand in a line; all are in the JSON."""
NAMED = 20
"""How many columns or files do."""


@dataclass(frozen=True)
class LeftOpen:
    """What of a run waits for a person."""

    system: str
    quarantined: int
    history_conflicts: int
    pairs_to_review: int
    services_alike: Sequence[tuple[str, str]]
    """Rows of services whose names are nearly one."""
    undisposed: Mapping[str, Sequence[str]]
    """Kind → columns of which nobody said what becomes of them."""
    pairs: Sequence[tuple[str, str]] | None = None
    """Of a rehearsal, whose queue goes with its copy: rows of the export that may be one person."""
    unread: Sequence[str] = ()
    """Tables in the export that no record of migration.yaml names."""
    without_rows: Sequence[str] = ()
    """Files that were read and hold nothing."""

    @property
    def is_any(self) -> bool:
        """Whether anything does."""
        asked = self.history_conflicts or self.pairs_to_review or self.services_alike
        return bool(asked or self.undisposed or self.unread or self.without_rows)

    def lines(self) -> Iterator[str]:
        """For a tired person."""
        listed = "" if self.pairs is not None else f": `hub replay quarantine {self.system}` lists them"
        if self.quarantined:
            yield f"{self.quarantined} rows are in quarantine until they are put right{listed}"
        marked = "" if self.pairs is not None else ": `hub migrate dispositions --json` marks them"
        yield f"{self.history_conflicts} visits of the history overlap another; all are kept{marked}"
        if self.pairs_to_review:
            yield self._of_pairs()
        if self.services_alike:
            said = f"{len(self.services_alike)} pairs of services have names that are nearly one"
            yield f"{said} ({_shown(self.services_alike)}): say under aliases.service whether they are"
        if self.undisposed:
            named = "; ".join(f"{kind}: {names_of(columns)}" for kind, columns in self.undisposed.items())
            count = sum(map(len, self.undisposed.values()))
            yield f"Nobody said what becomes of {count} columns ({named}): `hub migrate plan` shows them"
        if self.without_rows:
            yield f"Not one row stands in {names_of(self.without_rows)}: is the export whole?"
        if self.unread:
            yield unread_line(self.unread)

    def _of_pairs(self) -> str:
        said = f"{self.pairs_to_review} pairs of patients may be one person"
        if self.pairs is None:
            return f"{said}: `hub people review`"
        rows = f" ({_shown(self.pairs)})" if self.pairs else ""
        now = "decide them now under merge or never_merge of decisions.yaml"
        return f"{said}{rows}: {now}, or after the run with `hub people review`"


def _shown(pairs: Sequence[tuple[str, str]]) -> str:
    said = [f"{one} and {other}" for one, other in pairs[:SHOWN]]
    return ", ".join([*said, *(["…"] if len(pairs) > SHOWN else [])])


def names_of(columns: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = [f"and {len(columns) - NAMED} more"] if len(columns) > NAMED else []
    return ", ".join([*columns[:NAMED], *more])


def unread_line(files: Sequence[str]) -> str:
    """Of tables that nobody reads."""
    return f"Not read, since no record of migration.yaml names them: {names_of(files)}"


def find_left_open(run: "Run", undisposed: Mapping[str, Sequence[str]], *, is_rehearsal: bool) -> LeftOpen:
    """As it stands behind the run."""
    from hub.operations.migration.note_alike import ALIKE

    system = run.history.system
    with run.store.begin("find_open") as work:
        replay = work.migrations.find_attempts(system)
        conflicts = next((one.counts["history_conflicts"] for p, one in replay.items() if p.stage == "replay"), 0)
        asked = (one.detail for one in work.issues.find_open(ALIKE) if one.detail.get("system") == system)
        alike = [(one["row"], other) for one in asked for other in one["like"]]
        pairs = _rows_of_pairs(work, system) if is_rehearsal else None
        quarantined = sum(one.quarantined for one in work.migrations.account(system))
        return LeftOpen(system, quarantined, conflicts, work.people.count_open(), alike, undisposed, pairs)


def _rows_of_pairs(work: "UnitOfWork", system: str) -> list[tuple[str, str]]:
    from hub.canonical.ids import Kind

    rows: dict[str, str] = {}
    for row, patient in sorted(work.links.find_all(system, Kind.PATIENT).items(), key=lambda one: (len(one[0]), one)):
        rows.setdefault(patient, row)
    pairs = (pair.match.pair for pair in work.people.find_open())
    return [(rows[one], rows[other]) for one, other in pairs if one in rows and other in rows]
