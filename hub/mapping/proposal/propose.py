"""Which column is which field: by name, then by what its values look like; each column is used once."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.phi import phi_classes
from hub.canonical.records import MODELS
from hub.mapping.proposal import shapes
from hub.mapping.proposal.columns import Column, columns_of
from hub.mapping.proposal.names import LIKELY, MEANINGS, OPPOSITES, REFERENCES
from hub.mapping.proposal.shapes import ENOUGH, Shape
from hub.mapping.proposal.writing import CODED, Guess, codes_name, codes_text, table_text

Json = Any
SURE, LIKELY_ENOUGH = 0.85, 0.6
"""Above the first a guess is written down as it is, above the second with a doubt."""
NAMES = ("given_name", "family_name")
FULL_NAMES = ("name", "fullname", "clientname", "patientname", "displayname", "customername", "guestname")
DAYS = ("date", "day", "appointmentdate", "visitdate", "startdate", "bookingdate")
MANY_WORDS = "so many different words that they may be no codes: none of them is listed"
DATED = (
    "born_on",
    "license_until",
    "registered_on",
    "booked_on",
    "paid_on",
    "sold_on",
    "expires_on",
    "started_on",
    "ends_on",
    "next_billing_on",
    "issued_on",
    "due_on",
)
_SHAPES: Mapping[str, Callable[[Column], Shape | None]] = {
    **dict.fromkeys(DATED, shapes.day),
    **dict.fromkeys(("price", "amount", "value", "left", "credit", "total"), shapes.money),
    **dict.fromkeys(("credits", "used_before", "every_months"), shapes.integer),
    "on_hand": shapes.quantity,
    "phone": shapes.phone,
    "email": shapes.email,
    "start": shapes.instant,
    "end": shapes.instant,
    "minutes": shapes.minutes,
    "active": shapes.boolean,
    "texts_allowed": shapes.boolean,
    "marketing_allowed": shapes.boolean,
    "state": shapes.plain,
    "booked_via": shapes.code,
    **dict.fromkeys(REFERENCES, shapes.reference),
}

_KEYS = ("id", "key", "uid", "guid", "no", "number", "ref")
"""Ends of names of what tells records apart."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A first table, and the code tables that it names."""

    table: str
    codes: Mapping[str, str]
    """By name; none that exists already."""
    not_found: tuple[str, ...]
    """Canonical fields that nothing was found for."""
    unmapped: tuple[str, ...]
    """Paths that hold something and are no field's."""
    found: tuple[str, ...] = ()
    """Canonical fields that it fills; without any it is no table yet."""


def propose(
    records: Sequence[Mapping[str, Json]],
    kind: Kind,
    *,
    system: str = "system",
    row: bool = False,
    joins: str | None = None,
) -> Proposal:
    """A table that reads these records, as far as names and values tell.

    Args:
        records: as the system sends them; a hundred say more than one.
        kind: what they are to be read as.
        system: for the names of code tables: `<system>-visit-status`.
        row: they are rows of a file, and a path is a column's name.
        joins: the system whose records they say more of.
    """
    columns, each = columns_of(records, row=row)
    order = {name: place for place, name in enumerate(MODELS[kind].model_fields)}
    found_alone = _guesses(columns, kind, len(records))
    guesses = sorted(
        _signed(found_alone) if kind is Kind.PAYMENT else found_alone, key=lambda one: order[one.field.split(" + ")[0]]
    )
    split = each is not None and kind in (Kind.VISIT, Kind.SERVICE) and _is_split(guesses, each)
    if not split and each is not None:
        guesses = [guess.elsewhere("[*]", "[0]") for guess in guesses]
    codes = {
        codes_name(system, kind, guess.field): codes_text(guess, MEANINGS.get((kind, guess.field.split(" + ")[0])))
        for guess in guesses
        if guess.shape.codec in CODED
    }
    used = {path for guess in guesses for path in (*guess.paths, *guess.parts.values())}
    unmapped = [one for one in columns if not {one.path, one.path.replace("[*]", "[0]")} & used]
    found = [name for guess in guesses for name in guess.field.split(" + ")]
    missing = [name for name in MODELS[kind].model_fields if name not in found and name != "id"]
    table = table_text(
        kind,
        guesses,
        system=system,
        row=row,
        joins=joins,
        each=each if split else None,
        each_id=_find_key(columns, each) if split and each is not None else None,
        missing=missing,
        unmapped=[f"{column.path} ({len(column.records)} of {len(records)})" for column in unmapped],
        count=len(records),
    )
    return Proposal(table, codes, tuple(missing), tuple(column.path for column in unmapped), tuple(found))


def _find_key(columns: Sequence[Column], each: str) -> str | None:
    """What tells the elements apart: it stands in each of them, and nowhere twice."""
    inside = [column for column in columns if column.path.startswith(f"{each}.")]
    count = max((len(column.values) for column in inside), default=0)
    found = (one for one in inside if one.keys[-1].endswith(_KEYS) and len(set(one.texts)) == len(one.texts) == count)
    return min((one.path for one in found), key=len, default=None)


def _is_split(guesses: Sequence[Guess], each: str) -> bool:
    """Whether what makes a record one stands in the elements of the list."""
    inside = {guess.field for guess in guesses if guess.paths[0].startswith(each)}
    return bool(inside & {"service_id", "start", "minutes", "price"})


def _guesses(columns: Sequence[Column], kind: Kind, count: int) -> Iterator[Guess]:
    personal = phi_classes(MODELS[kind])
    by_path = {column.path: column for column in columns}
    taken: set[str] = set()
    days = _days(columns)
    for score, name, column, found in sorted(_scored(columns, kind), key=lambda one: -one[0]):
        if name in taken or column.path in taken:
            continue
        shape, parts = _together(column, found, by_path, days)
        if shape is None:
            continue
        taken |= {name, column.path, *(path for part, path in parts.items() if part != "date")}
        words = tuple(dict.fromkeys(column.texts)) if name not in personal and _has_words(shape) else ()
        others = () if parts else _others(name, column, columns, kind, taken)
        canonical = MODELS[kind].model_fields[name]
        paths = (column.path, *others)
        yield Guess(
            name,
            paths,
            shape,
            is_sure=score >= SURE,
            required=canonical.is_required(),
            default=None if canonical.is_required() else _plain(canonical.default),
            filled=len(column.records),
            count=count,
            words=words,
            parts=parts,
        )
    if kind is Kind.PATIENT and not {"given_name", "family_name"} & taken:
        yield from _full_name(columns, taken, count)


def _signed(guesses: Iterator[Guess]) -> Iterator[Guess]:
    """What a payment was for says which way the amount went: both are read together."""
    found = {guess.field: guess for guess in guesses}
    if {"kind", "amount"} <= found.keys() and found["amount"].shape.codec == "money":
        kind, amount = found.pop("kind"), found.pop("amount")
        parts = {"kind": kind.paths[0], "amount": amount.paths[0]}
        shape = Shape("signed_money", {"back": ["refund"]}, amount.shape.fits)
        yield replace(kind, field="kind + amount", shape=shape, parts=parts, is_sure=kind.is_sure and amount.is_sure)
    yield from found.values()


def _plain(default: Any) -> Any:
    return str(default) if isinstance(default, StrEnum) else default


def _has_words(shape: Shape) -> bool:
    return shape.codec == "code" and shape.remark != MANY_WORDS


def _full_name(columns: Sequence[Column], taken: set[str], count: int) -> Iterator[Guess]:
    """Both names in one text."""
    for column in columns:
        if column.keys[-1] in FULL_NAMES and column.path not in taken and shapes.plain(column) is not None:
            commas = shapes.share(column.texts, lambda text: "," in text)
            options = {"order": "family_first"} if commas > ENOUGH else {}
            shape = Shape("full_name", options)
            key = " + ".join(NAMES)
            yield Guess(
                key,
                (column.path,),
                shape,
                is_sure=True,
                required=False,
                default=None,
                filled=len(column.records),
                count=count,
            )
            return


def _days(columns: Sequence[Column]) -> Column | None:
    """The column of dates that times of day belong to."""
    return next((one for one in columns if one.keys[-1] in DAYS and shapes.day(one) is not None), None)


def _together(
    column: Column, shape: Shape, by_path: Mapping[str, Column], days: Column | None
) -> tuple[Shape | None, dict[str, str]]:
    """With the value beside it that belongs to it: the currency, the country, the date."""
    parent = column.path.rpartition(".")[0]
    if shape.codec == "money" and (currency := by_path.get(f"{parent}.currency" if parent else "currency")):
        form = shape.options.get("form", "text")
        remark = shape.remark and "taken as cents; if they are dollars, say form: major"
        return replace(shape, codec="money_parts", options={"form": form}, remark=remark), {
            "amount": column.path,
            "currency": currency.path,
        }
    if shape.codec == "phone" and (country := by_path.get(f"{parent}.country_code" if parent else "country_code")):
        numbers = all(isinstance(value, int) for value in country.values)
        remark = "if these are no calling codes (1, 44), name a code table of theirs"
        options = {"written": "number"} if numbers else {}
        return replace(shape, codec="phone_parts", options=options, remark=remark), {
            "country": country.path,
            "number": column.path,
        }
    if shape.codec == "wall_time":
        found = shapes.day(days) if days is not None else None
        if days is None or found is None:
            return None, {}
        options = {"dates": found.options.get("formats", ["%Y-%m-%d"]), **shape.options}
        return replace(shape, options=options, remark=found.remark), {"date": days.path, "time": column.path}
    return shape, {}


def _scored(columns: Sequence[Column], kind: Kind) -> Iterator[tuple[float, str, Column, Shape]]:
    for column in columns:
        for name, likely in LIKELY[kind].items():
            likeness = _likeness(column, likely) if name not in NAMES or column.keys[-1] not in FULL_NAMES else 0
            shape = _shape(name, column, kind) if likeness >= LIKELY_ENOUGH else None
            if shape is not None:
                yield likeness * (0.7 + 0.3 * shape.fits) - 0.01 * len(column.keys), name, column, shape


def _shape(name: str, column: Column, kind: Kind) -> Shape | None:
    if name in ("start", "end"):
        return shapes.instant(column) or shapes.clock(column)
    shape = _SHAPES.get(name, shapes.plain)(column)
    if shape is None:
        return None
    if (kind, name) in MEANINGS:
        return shapes.code(column) or Shape("code", {}, 1.0, MANY_WORDS)
    if name == "active" and column.keys[-1] in OPPOSITES and shape.codec == "boolean":
        return Shape("boolean", {**shape.options, "inverse": True}, shape.fits)
    if name in REFERENCES:
        return Shape("reference", {"kind": str(REFERENCES[name]), **shape.options}, shape.fits, shape.remark)
    if name == "postal_code":
        return Shape("postal_code")
    return shape


def _likeness(column: Column, likely: Sequence[str]) -> float:
    """1 for the first of the likely names, less for later ones and for those that are only alike."""
    names = column.names
    for place, name in enumerate(likely):
        if name in names:
            return 1 - 0.02 * place
    if difflib.get_close_matches(names[0], likely, n=1, cutoff=0.85):
        return 0.75
    return 0.7 if any(len(name) > 4 and name in names[0] for name in likely) else 0.0


def _others(name: str, column: Column, columns: Sequence[Column], kind: Kind, taken: set[str]) -> tuple[str, ...]:
    """Alternatives of a phone: another place, where the first holds nothing."""
    if name != "phone":
        return ()
    others = [
        one
        for one in columns
        if one.path not in taken and _likeness(one, LIKELY[kind]["phone"]) and one.records - column.records
    ]
    found = tuple(one.path for one in others if shapes.phone(one) is not None)[:2]
    taken |= set(found)
    return found
