"""Records a second through a mapping table: a record of twenty fields, phone numbers and zoned instants among them.

Beside it, on the same records in the same run: a function written by hand for this one record, with the same checks and
the same model at the end; and jmespath, compiled, which only finds the twenty values and makes nothing of them.

Run: python -m benchmarks.decode_records [--small]
"""

import argparse
import random
import re
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

import jmespath
import phonenumbers
from pydantic import AwareDatetime

from hub.canonical.ids import Kind, derive
from hub.canonical.money import Money
from hub.canonical.phi import Phi
from hub.canonical.records import Record, VisitState
from hub.canonical.source import SourceRecord, SourceRef
from hub.mapping.apply import TwoWay, decode, encode, read_mapping
from hub.mapping.codecs.phone import parsed
from hub.mapping.context import Context, KnownLinks
from hub.mapping.spec import MODELS, read_codes

ZONE = ZoneInfo("America/Chicago")
PEOPLE = 5_000


class Wide(Record):
    """Twenty fields: a visit with its patient, as one flat record."""

    id: str
    given_name: Annotated[str | None, Phi.IDENTITY] = None
    family_name: Annotated[str | None, Phi.IDENTITY] = None
    born_on: date | None = None
    phone: Annotated[str | None, Phi.CONTACT] = None
    home_phone: Annotated[str | None, Phi.CONTACT] = None
    email: Annotated[str | None, Phi.CONTACT] = None
    street: str | None = None
    city: str | None = None
    state_code: str | None = None
    postal_code: str | None = None
    patient_id: str | None = None
    provider_id: str | None = None
    location_id: str | None = None
    service_id: str | None = None
    start: AwareDatetime
    end: AwareDatetime
    state: VisitState
    price: Money | None = None
    texts_allowed: bool | None = None
    note: str | None = None


TABLE = """
record: lot
fields:
  given_name: "name[use=official].given[0] | name[0].given[0]"
  family_name: "name[use=official].family | name[0].family"
  born_on: {path: birthDate, codec: date, not_before: 1900-01-02}
  phone: {path: "telecom[system=phone].value", codec: phone, problem: blank}
  home_phone: {path: "contact.home.phone", codec: phone, problem: blank}
  email: {path: "telecom[system=email].value", codec: email}
  street: "address[0].line[0]"
  city: "address[0].city"
  state_code: {path: "address[0].state", case: upper}
  postal_code: {path: "address[0].postalCode", codec: postal_code}
  patient_id: {path: client.id, codec: reference, kind: patient, required: true}
  provider_id: {path: staff.id, codec: reference, kind: provider}
  location_id: {path: locationId, codec: reference, kind: location, required: true}
  service_id: {path: service.id, codec: reference, kind: service}
  start: {path: startAt, codec: instant, form: naive, required: true}
  end: {path: endAt, codec: instant, required: true}
  state: {path: status, codec: code, table: status, required: true}
  price: {path: price, codec: money}
  texts_allowed: {path: prefs.sms, codec: boolean}
  note: comment
"""
CODES = "codes: {booked: [Booked, Confirmed], arrived: [Arrived], fulfilled: [Done], cancelled: [Cxl], no_show: [NS]}"
PATHS = (
    "name[?use=='official'].given[0] | [0]",
    "name[?use=='official'].family | [0]",
    "birthDate",
    "telecom[?system=='phone'].value | [0]",
    "contact.home.phone",
    "telecom[?system=='email'].value | [0]",
    "address[0].line[0]",
    "address[0].city",
    "address[0].state",
    "address[0].postalCode",
    "client.id",
    "staff.id",
    "locationId",
    "service.id",
    "startAt",
    "endAt",
    "status",
    "price",
    "prefs.sms",
    "comment",
)


def make_records(count: int) -> list[dict[str, Any]]:
    """Nine phone numbers of ten are North American in one of four ways of writing, one is of another country."""
    rng = random.Random(7)
    return [_record(rng, number) for number in range(count)]


def _record(rng: random.Random, number: int) -> dict[str, Any]:
    start = datetime(2026, 1, 1, 9, tzinfo=ZONE) + timedelta(minutes=15 * rng.randrange(20_000))
    end = start + timedelta(minutes=45)
    return {
        "id": f"a{number}",
        "name": [{"use": "official", "given": [f"Given{number % 900}", "M"], "family": f"Family{number % 1700}"}],
        "birthDate": date(1950 + number % 55, 1 + number % 12, 1 + number % 28).isoformat(),
        "telecom": [
            {"system": "email", "value": f"Person{number}@Example.org"},
            {"system": "phone", "value": _phone(rng)},
        ],
        "contact": {"home": {"phone": _phone(rng)}},
        "address": [{"line": [f"{number} Main St"], "city": "Austin", "state": "tx", "postalCode": "787011234"}],
        "client": {"id": f"p{rng.randrange(PEOPLE)}"},
        "staff": {"id": f"s{number % 20}"},
        "locationId": f"l{number % 4}",
        "service": {"id": f"v{number % 60}", "name": "A service"},
        "startAt": start.replace(tzinfo=None).isoformat(),
        "endAt": end.isoformat(),
        "status": ("Booked", "Confirmed", "Arrived", "Done")[number % 4],
        "price": f"${100 + number % 900}.50",
        "prefs": {"sms": number % 3 == 0, "mail": True},
        "comment": "prefers mornings" if number % 5 == 0 else None,
        "meta": {"version": number},
    }


def _phone(rng: random.Random) -> str:
    area, middle, last = rng.randrange(201, 990), rng.randrange(200, 999), rng.randrange(10_000)
    if rng.random() < 0.1:
        return f"+44 20 {rng.randrange(7000, 8999)} {last:04d}"
    form = rng.choice(("({}) {}-{:04d}", "{}-{}-{:04d}", "+1{}{}{:04d}", "{}.{}.{:04d}"))
    return form.format(area, middle, last)


# The same by hand

_COMMON = re.compile(r"(?:\+?1[-. ]?)?\(?([2-9]\d{2})\)?[-. ]?([2-9]\d{2})[-. ]?(\d{4})")
_MONEY = re.compile(r"\$?(\d+)\.(\d\d)")
_MEANS = {"Booked": "booked", "Confirmed": "booked", "Arrived": "arrived", "Done": "fulfilled", "Cxl": "cancelled"}


def by_hand(payload: dict[str, Any], links: dict[Kind, dict[str, str]]) -> Wide:
    """What somebody would write for this record alone."""
    name = next((one for one in payload["name"] if one.get("use") == "official"), payload["name"][0])
    telecom = {one["system"]: one["value"] for one in payload["telecom"]}
    address = payload["address"][0]
    money = _MONEY.fullmatch(payload["price"])
    values = {
        "id": links[Kind.LOT].get(payload["id"]) or derive(Kind.LOT, "v", payload["id"]),
        "given_name": _text(name["given"][0]),
        "family_name": _text(name["family"]),
        "born_on": date.fromisoformat(payload["birthDate"]),
        "phone": _number(telecom["phone"]),
        "home_phone": _number(payload["contact"]["home"]["phone"]),
        "email": telecom["email"].strip().lower(),
        "street": _text(address["line"][0]),
        "city": _text(address["city"]),
        "state_code": address["state"].upper(),
        "postal_code": f"{address['postalCode'][:5]}-{address['postalCode'][5:]}",
        "patient_id": links[Kind.PATIENT][payload["client"]["id"]],
        "provider_id": links[Kind.PROVIDER][payload["staff"]["id"]],
        "location_id": links[Kind.LOCATION][payload["locationId"]],
        "service_id": links[Kind.SERVICE][payload["service"]["id"]],
        "start": datetime.fromisoformat(payload["startAt"]).replace(tzinfo=ZONE).astimezone(UTC),
        "end": datetime.fromisoformat(payload["endAt"]).astimezone(UTC),
        "state": _MEANS[payload["status"]],
        "price": money and Money(amount_minor=int(money[1] + money[2])),
        "texts_allowed": payload["prefs"]["sms"],
        "note": _text(payload["comment"]),
    }
    return Wide.model_validate(values)


def _text(value: str | None) -> str | None:
    return value.strip() or None if value is not None else None


def _number(text: str) -> str:
    if match := _COMMON.fullmatch(text):
        return f"+1{match[1]}{match[2]}{match[3]}"
    number = phonenumbers.parse(text, "US")
    assert phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def run(count: int, rounds: int) -> None:
    cast("dict[Kind, type[Record]]", MODELS)[Kind.LOT] = Wide  # the hub has no canonical record of twenty fields
    mapping = read_mapping(TABLE, "wide.yaml", {"status": read_codes(CODES, "status.yaml")})
    ids = {
        Kind.LOT: {},
        Kind.PATIENT: {f"p{n}": f"pat_{n}" for n in range(PEOPLE)},
        Kind.PROVIDER: {f"s{n}": f"prv_{n}" for n in range(20)},
        Kind.LOCATION: {f"l{n}": f"loc_{n}" for n in range(4)},
        Kind.SERVICE: {f"v{n}": f"svc_{n}" for n in range(60)},
    }
    context = Context(ZONE, date(2026, 3, 2), TwoWayLinks(ids))
    sources = [SourceRecord(SourceRef("v", Kind.LOT, one["id"]), one) for one in make_records(count)]
    decoded = [decode(mapping, source, context) for source in sources]
    hand = [by_hand(source.payload, ids) for source in sources]
    assert [one.record for one in decoded] == hand, "the table and the hand do not agree"

    found = [jmespath.compile(path) for path in PATHS]
    told = "records/s"

    def by_table() -> object:
        parsed.cache_clear()  # each number is seen for the first time
        return [decode(mapping, source, context) for source in sources]

    table = _rate(by_table, count, rounds)
    print(f"{'decode by the table':34}{table:10,.0f} {told}")
    own = _rate(lambda: [by_hand(source.payload, ids) for source in sources], count, rounds)
    print(f"{'the same by hand':34}{own:10,.0f} {told}   the table is {table / own:.2f} of it")
    paths = _rate(lambda: [[path.search(source.payload) for path in found] for source in sources], count, rounds)
    print(f"{'jmespath, finding the values only':34}{paths:10,.0f} {told}   the table is {table / paths:.2f} of it")
    _encoding(mapping, context, sources, [one.record for one in decoded], rounds)


def _encoding(
    mapping: TwoWay, context: Context, sources: Sequence[SourceRecord], records: Sequence[Any], rounds: int
) -> None:
    count = len(sources)
    made = _rate(lambda: [encode(mapping, record, context) for record in records], count, rounds)
    print(f"{'encode, the record is made':34}{made:10,.0f} records/s")
    same = [(record, source.payload) for record, source in zip(records, sources, strict=True)]
    assert all(encode(mapping, record, context, onto=payload) == payload for record, payload in same[:200])
    kept = _rate(lambda: [encode(mapping, record, context, onto=payload) for record, payload in same], count, rounds)
    print(f"{'encode onto what is there already':34}{kept:10,.0f} records/s")


class TwoWayLinks(KnownLinks):
    """As the hub's own: both ways by a look-up."""

    def __init__(self, ids: dict[Kind, dict[str, str]]) -> None:
        super().__init__(ids)
        back = {kind: {hub: theirs for theirs, hub in known.items()} for kind, known in ids.items()}
        object.__setattr__(self, "back", back)

    def source_id(self, kind: Kind, canonical_id: str) -> str | None:
        return cast("dict[Kind, dict[str, str]]", self.back)[kind].get(canonical_id)  # type: ignore[attr-defined]


def _rate(work: Callable[[], object], count: int, rounds: int) -> float:
    """By the median of the rounds, in processor time: other programs on the machine do not count."""
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return count / statistics.median(spent)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a try in seconds")
    small = parser.parse_args().small
    run(2_000 if small else 20_000, 3 if small else 5)
