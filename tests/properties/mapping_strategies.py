"""Records and payloads for the mapping laws, made from the shipped tables themselves."""

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from hub.canonical.ids import Kind, derive
from hub.canonical.money import Money
from hub.canonical.records import MODELS, Canonical
from hub.canonical.source import SourceRecord, SourceRef
from hub.canonical.time import instant_of, is_repeated, is_skipped
from hub.connectors.kit.mapping_files import load_mappings
from hub.mapping.apply import TwoWay
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context, KnownLinks
from hub.mapping.spec import Direction, FieldPlan, read_codes
from tests.unit.mapping.vendor_shapes import vendor_codes

MAPPINGS = Path(__file__).parents[2] / "mappings"
ZONE = ZoneInfo("America/Chicago")
TODAY = date(2026, 3, 2)
REF = "7"


@cache
def shipped() -> Mapping[str, TwoWay]:
    """Every table of the repository, by `system/record`."""
    folders = sorted(path for path in MAPPINGS.iterdir() if path.is_dir() and path.name != "codes")
    tables = ((folder.name, load_mappings(MAPPINGS, folder.name)) for folder in folders)
    return {f"{system}/{name}": table for system, tables_of in tables for name, table in tables_of.items()}


@cache
def code_tables() -> Mapping[str, CodeTable]:
    """Every code table of the repository, and one of a vendor's own numbers for countries."""
    shipped = {
        file.stem: read_codes(file.read_text("utf-8"), file.name) for file in (MAPPINGS / "codes").glob("*.yaml")
    }
    return {**shipped, "countries": read_codes("codes: {'1': ['225', USA], '52': ['138']}", "countries.yaml")}


def links() -> KnownLinks:
    """Three records of every kind, by id and by name."""
    ids = {kind: {f"{kind}-{n}": f"{kind}_{n}" for n in range(3)} for kind in Kind}
    names = {kind: {f"The {kind} {n}": f"{kind}_{n}" for n in range(3)} for kind in Kind}
    return KnownLinks(ids, names)


CONTEXT = Context(ZONE, TODAY, links())


def source(mapping: TwoWay, payload: dict[str, Any]) -> SourceRecord:
    """A record of the table's kind."""
    return SourceRecord(SourceRef("vendor", mapping.kind, REF), payload, file="file.csv", line=2)


@cache
def normal_text() -> st.SearchStrategy[str]:
    """Trimmed, composed, storable."""
    letters = st.characters(codec="utf-8", exclude_characters="\0")
    return st.text(letters, min_size=1, max_size=20).map(_composed).filter(bool)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).strip()


PHONES = st.builds("+1{}{}{:04d}".format, *[st.integers(200, 999)] * 2, st.integers(0, 9999))
EMAILS = st.from_regex(r"[a-z0-9.]{1,10}@[a-z]{1,8}\.com", fullmatch=True)
POSTAL = st.from_regex(r"[0-9]{5}(-[0-9]{4})?", fullmatch=True)
DATES = st.dates(date(1951, 1, 1), TODAY)
WORDS = st.from_regex(r"[A-Z][a-z]{1,8}", fullmatch=True)
ALL_CODES = {**code_tables(), **vendor_codes()}
AMOUNTS = st.builds(Money, amount_minor=st.integers(-(10**9), 10**9), currency=st.sampled_from(["USD", "EUR", "JPY"]))


def value_of(plan: FieldPlan) -> st.SearchStrategy[Any]:
    """Normal values of one field by its codec; nothing at all where the table allows that."""
    options: dict[str, Any] = plan.spec.model_extra or {}
    by_codec: dict[str, st.SearchStrategy[Any]] = {
        "text": normal_text().map(str.upper).filter(_is_upper) if options.get("case") == "upper" else normal_text(),
        "joined": normal_text().map(lambda text: _joined(text, options.get("separator", " "))).filter(bool),
        "email": EMAILS,
        "postal_code": POSTAL,
        "date": DATES,
        "money": amounts(options),
        "money_parts": AMOUNTS,
        "phone": PHONES,
        "phone_parts": PHONES,
        "boolean": st.booleans(),
        "integer": st.integers(1, 10_000),
        "quantity": st.integers(1, 10_000).map(lambda hundredths: Decimal(hundredths) / 100),
        "instant": spans().map(lambda span: span[0]),
        "minutes": st.integers(1, 10_000),
    }
    if plan.spec.codec == "code":
        values: st.SearchStrategy[Any] = st.sampled_from(sorted(ALL_CODES[options["table"]].words))
    elif plan.spec.codec == "reference":
        values = st.sampled_from([f"{options['kind']}_{n}" for n in range(3)])
    else:
        values = by_codec[plan.spec.codec]
    must = plan.spec.required or plan.spec.default is not None
    return values if must else st.none() | values


def amounts(options: dict[str, Any]) -> st.SearchStrategy[Money]:
    """As the options of `money` allow: in another form than text there is one currency only."""
    in_form = AMOUNTS if options.get("form", "text") == "text" else AMOUNTS.filter(lambda one: one.currency == "USD")
    return in_form if options.get("signed", True) else in_form.filter(lambda one: one.amount_minor >= 0)


def _is_upper(text: str) -> bool:
    return _composed(text.upper()) == text


def _joined(text: str, separator: str) -> str:
    return separator.join(piece for part in text.split(separator) if (piece := _composed(part)))


def records(mapping: TwoWay) -> st.SearchStrategy[Canonical]:
    """Records in normal form, of the fields that the table reads and writes; the others as the table leaves them."""
    fields: dict[str, st.SearchStrategy[Any]] = {"id": st.just(derive(mapping.kind, "vendor", REF))}
    for plan in mapping.table.fields:
        if not plan.places:
            fields[plan.name] = st.just(plan.spec.default)
        elif plan.kind.name == "full_name":
            fields |= {"given_name": WORDS, "family_name": WORDS}
        elif plan.kind.name == "signed_money":
            fields["kind + amount"] = paid(plan)
        elif plan.kind.name == "balance":
            fields["value + left"] = balances()
        elif plan.kind.name == "versioned":
            fields |= dict(zip(plan.names, (WORDS, st.none() | WORDS), strict=True))
        elif plan.name not in {"start", "end"} and (plan.spec.required or plan.spec.direction is not Direction.READ):
            fields[plan.name] = value_of(plan)
    if {"start", "end"} <= set(mapping.names):
        fields["span"] = spans()
    return st.fixed_dictionaries(fields).map(lambda values: _record(mapping.kind, values))


def _record(kind: Kind, values: dict[str, Any]) -> Canonical:
    if "span" in values:
        values["start"], values["end"] = values.pop("span")
    if "kind + amount" in values:
        values["kind"], values["amount"] = values.pop("kind + amount")
    if "value + left" in values:
        values["value"], values["left"] = values.pop("value + left")
    if kind is Kind.PACKAGE:
        values["credits"] += values["used_before"]
    if kind is Kind.SERVICE:
        values["sku"] = values["name"]
    return MODELS[kind].model_validate(values)  # type: ignore[return-value]


def paid(plan: FieldPlan) -> st.SearchStrategy[tuple[str, Money]]:
    """What was paid for what; what goes back is below nothing."""
    options: dict[str, Any] = plan.spec.model_extra or {}
    words = st.sampled_from(sorted(ALL_CODES[options["table"]].words))
    return st.tuples(words, AMOUNTS).map(lambda one: (one[0], _back(one[1]) if one[0] in options["back"] else one[1]))


def balances() -> st.SearchStrategy[tuple[Money, Money]]:
    """What was loaded, and what of it is left."""
    minors = st.integers(0, 10**9)
    return st.builds(_balance, minors, minors, st.sampled_from(["USD", "EUR", "JPY"]))


def _balance(left: int, spent: int, currency: str) -> tuple[Money, Money]:
    return Money(amount_minor=left + spent, currency=currency), Money(amount_minor=left, currency=currency)


def _back(amount: Money) -> Money:
    return Money(amount_minor=-abs(amount.amount_minor), currency=amount.currency)


@st.composite
def spans(draw: st.DrawFn) -> tuple[datetime, datetime]:
    """Within one local day, at wall times that are neither skipped nor repeated."""
    day = datetime.combine(draw(st.dates(date(1991, 1, 1), TODAY + timedelta(days=700)) | CHANGES), datetime.min.time())
    first, last = sorted(draw(st.lists(st.integers(0, 1439), min_size=2, max_size=2, unique=True)))
    walls = [day + timedelta(minutes=first), day + timedelta(minutes=last)]
    if any(is_skipped(wall, ZONE) or is_repeated(wall, ZONE) for wall in walls):
        walls = [day + timedelta(hours=9), day + timedelta(hours=10)]
    return instant_of(walls[0], ZONE), instant_of(walls[1], ZONE)


CHANGES = st.sampled_from([date(2025, 3, 9), date(2025, 11, 2), date(2026, 3, 8), date(2026, 11, 1)])


def wild_payloads(mapping: TwoWay) -> st.SearchStrategy[dict[str, Any]]:
    """Anything JSON can hold, under the table's own keys so that it is looked into; texts that nearly fit among it."""
    keys = {step.key for plan in mapping.table.fields for part in plan.places for place in part for step in place.steps}
    near = st.sampled_from(NEARLY) | st.text(max_size=12)
    if mapping.table.spec.shape == "row":
        return st.fixed_dictionaries(dict.fromkeys(sorted(keys), near))
    leaves = near | st.none() | st.booleans() | st.integers() | st.floats()
    names = st.sampled_from(sorted(keys | {"use", "system", "type", "status", "reference", "actor"}))
    return st.dictionaries(
        names,
        st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)),
        max_size=8,
    )


NEARLY = [
    "",
    " ",
    "\0",
    "\ud800",
    "0001-01-01",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-03-08 02:30",
    "2026-03-08",
    "02:30",
    "12:30 PM",
    "25:61",
    "02/30/2024",
    "٣/٤/٢٠٢٤",
    "$1,2,3",
    "1,234,567.891 KWD",
    "(5)",
    "--5",
    "¹²³",
    "+",
    "+1",
    "tel:+1-512-555-0100;ext=5",
    "a@b",
    "Patient/",
    "Patient/patient-1/_history/2",
    "https://host/fhir/Patient/patient-2",
    "patient-1",
    "provider-2",
    "The service 1",
    "The location 0",
    "booked",
    "Completed",
    "yes",
    "official",
    "phone",
    "9" * 400,
    "1788000000",
    "1788000000000",
    "-99999999999999",
    "90",
    "1.5",
    "PT1H30M",
    "P1D",
    "01:30",
    "1 hr 30 min",
    "90 min",
    "22500",
    "Lopez, Anna Maria",
    "Anna de la Cruz",
    ",",
    "a, b;c",
    "a\nb\n",
    "225",
    "US",
    "urn:blvd:Client:patient-1",
    "urn:blvd:Client:",
    "<x>",
]
