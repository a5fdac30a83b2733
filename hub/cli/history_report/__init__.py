"""The report of a moved history: one HTML file that a practice's owner reads and signs. It names no patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from hub.ports.migrations import FileAccount, MigrationHead
from hub.ports.verifications import Signature, Total, Verification
from hub.store.history_report import HistoryDetails

STATES = ("fulfilled", "arrived", "booked", "no_show", "cancelled")
REASONS = {
    "repeated": "The same row stands in the file again, letter by letter",
    "superseded": "An older version of a row; the latest one counts",
    "same_person": "Another row is the same person; both are one patient now",
    "bad_date": "There is no such day, or the day cannot be read",
    "implausible_date": "The day lies too far back or too far ahead to be true",
    "bad_times": "The visit ends before it begins, or a time cannot be read",
    "bad_money": "The amount cannot be read",
    "bad_balance": "What was loaded, what was spent and what is left do not add up",
    "bad_count": "A number cannot be read, or is below nothing",
    "orphan_patient": "Its client stands in no file",
    "orphan_visit": "Its visit stands in no file, or stayed behind",
    "unknown_service": "Nobody knows the service that it names",
    "unknown_code": "It uses a word that nobody has given a meaning",
    "unknown_product": "Nobody knows the product that it names",
    "wrong_encoding": "The row holds bytes that are no text",
    "nul_byte": "The row holds a byte that no text may hold",
    "bad_csv": "The row does not have the columns of its file",
    "bad_json": "The line cannot be read as a record",
    "formula_cell": "A cell holds a formula of a spreadsheet",
    "lot_twice": "An earlier row is the same lot at the same place; put the count of one right, or name the other lot",
    "missing_id": "The row has no id",
}
"""Reason code → for whoever does not know codes."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that the report is made of."""

    head: MigrationHead
    files: tuple[FileAccount, ...]
    proof: Verification | None
    details: HistoryDetails
    signature: Signature | None
    data_hash: str
    """As the data stands now."""
    made_at: datetime
    seed: str

    @property
    def is_proven(self) -> bool:
        """The last proof speaks of the data as it stands, and nothing in it blocks."""
        return self.proof is not None and not self.proof.blocking and self.proof.data_hash == self.data_hash

    @property
    def signature_matches(self) -> bool:
        """The signature speaks of the data as it stands."""
        return self.signature is not None and self.signature.data_hash == self.data_hash


def render_report(report: Report) -> str:
    """One file that needs no other."""
    environment = Environment(
        loader=PackageLoader(__name__, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": _money, "number": lambda value: f"{value:,}", "words": _words}
    template = environment.get_template("report.html")
    css = resources.files(__name__).joinpath("report.css").read_text("utf-8")
    return template.render(
        report=report, css=css, totals=_grouped(report), bars=_bars(report), reasons=REASONS, states=STATES
    )


def _grouped(report: Report) -> Sequence[tuple[str, list[tuple[str, Total]], bool]]:
    """`visit by month` → its totals, of a provider by name, and whether any of them is of money."""
    if report.proof is None:
        return ()
    names: Mapping[str, str] = report.details.providers
    by = groupby(report.proof.totals, key=lambda total: f"{_words(total.kind)}s by {total.dimension}")
    grouped = (
        (title, [(names.get(total.value, total.value or "none"), total) for total in found]) for title, found in by
    )
    return [(title, rows, any(total.said_minor is not None for _, total in rows)) for title, rows in grouped]


def _bars(report: Report) -> list[tuple[str, str, list[tuple[str, float, float]]]]:
    """Of each month its counts in words and its stacked pieces: state, beginning and height, of a height of 100."""
    months = report.details.months
    highest = max((sum(one.states.values()) for one in months), default=1)
    bars = []
    for one in months:
        pieces, top = [], 100.0
        for state in STATES:
            height = 100 * one.states.get(state, 0) / highest
            top -= height
            pieces.append((state, round(top, 2), round(height, 2)))
        said = ", ".join(f"{one.states[state]:,} {_words(state)}" for state in STATES if state in one.states)
        bars.append((one.month, said, pieces))
    return bars


def _money(minor: int | None) -> str:
    return "" if minor is None else f"{'-' if minor < 0 else ''}{abs(minor) // 100:,}.{abs(minor) % 100:02}"


def _words(name: str) -> str:
    return name.replace("_", " ")
