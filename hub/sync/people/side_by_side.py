"""Two patients beside each other, for a person who decides whether they are one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from hub.canonical.records import Patient
from hub.sync.people.decide import Match

AGREES = {
    "given_name": "given", "family_name": "family", "born_on": "born", "phone": "phone", "email": "email",
    "street": "address", "postal_code": "address",
}  # fmt: skip
"""Field → what the evidence calls it."""
SHOWN = (*AGREES, "city", "state", "registered_on", "texts_allowed", "marketing_allowed")


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both."""

    field: str
    first: str
    second: str
    agrees: str
    """`same`, `slip`, `unknown` …; empty where it does not count."""


def lay_side_by_side(first: Patient, second: Patient, match: Match, *, personal: bool) -> Iterator[Line]:
    """Field by field. Without `personal` a value shows only whether there is one, and how it begins or ends."""
    said = dict(code.split("_", 1) for code in match.codes if "_" in code)
    for name in SHOWN:
        values = getattr(first, name), getattr(second, name)
        left, right = (_text(value) if personal else _masked(name, value) for value in values)
        yield Line(name, left, right, said.get(AGREES.get(name, ""), ""))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _masked(name: str, value: object) -> str:
    if value is None or isinstance(value, bool):
        return _text(value)
    if name == "registered_on":
        return str(value)
    if isinstance(value, date):
        return "****-**-**"
    text = str(value)
    return f"***{text[-2:]}" if name == "phone" else f"{text[:1]}***"
