"""The laws of every codec by itself, whatever is put into it; and what each makes of its usual forms."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.ids import Kind
from hub.canonical.money import Money
from hub.canonical.time import is_repeated
from hub.mapping.codecs import KINDS
from hub.mapping.codecs.codec import Codec, Unreadable
from hub.mapping.codecs.phone import parsed
from hub.mapping.context import Context, KnownLinks
from tests.properties.mapping_strategies import CONTEXT, NEARLY, code_tables

OPTIONS: Mapping[str, list[dict[str, Any]]] = {
    "text": [{}, {"case": "lower"}, {"case": "upper"}, {"prefix": "urn:blvd:Client:"}, {"prefix": "<", "suffix": ">"}],
    "date": [{}, {"formats": ["%m/%d/%Y", "%d-%b-%Y", "%Y-%m-%d"]}, {"formats": ["%d-%b-%Y"]}],
    "wall_time": [{}, {"dates": ["%m/%d/%Y"], "times": ["%I:%M %p", "%H:%M:%S"]}],
    "instant": [
        {},
        {"not_before": "2000-01-01", "days_ahead": 400},
        {"formats": ["%m/%d/%Y %I:%M %p", "%Y-%m-%d %H:%M"]},
        *({"form": form} for form in ("naive", "utc", "utc_millis", "naive_utc", "unix", "unix_ms")),
    ],
    "money": [{}, {"form": "minor"}, {"form": "major"}],
    "money_parts": [{}, {"form": "major"}, {"form": "text"}],
    "signed_money": [{"table": "legacy-payment-type"}],
    "phone_parts": [{}, {"table": "countries", "written": "number"}],
    "minutes": [{"unit": unit} for unit in ("minutes", "seconds", "milliseconds", "hours", "iso", "clock", "words")],
    "quantity": [{}, {"written": "text"}],
    "list": [{}, {"separator": ";"}, {"table": "legacy-visit-status"}, {"table": "us-states", "unknown": "keep"}],
    "full_name": [{}, {"order": "family_first"}],
    "joined": [{"parts": 2}, {"parts": 3, "separator": "\n"}],
    "code": [{"table": "legacy-visit-status"}, {"table": "us-states", "unknown": "keep"}],
    "boolean": [{}, {"table": "yes-no"}, {"inverse": True}],
    "reference": [
        {"kind": "patient", "prefix": "Patient/"},
        {"kind": "service", "by": "name"},
        {"kind": "provider", "unknown": "unknown_provider", "written": "number"},
        {"kind": "patient", "prefix": "urn:blvd:Client:"},
    ],
}
CASES = [(name, options) for name in KINDS for options in OPTIONS.get(name, [{}])]
LAW = settings(max_examples=80)
NUMBERS = st.integers() | st.floats() | st.booleans()
ZONES = ["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
ANY = st.sampled_from(NEARLY) | st.text() | NUMBERS | st.none() | st.lists(st.text(), max_size=2)


def built(name: str, options: Mapping[str, Any]) -> Codec:
    kind = KINDS[name]
    return kind.build(kind.options.model_validate(options), code_tables())


@pytest.fixture(params=CASES, ids=str, scope="module")
def codec(request: pytest.FixtureRequest) -> tuple[Codec, int]:
    name, options = request.param
    return built(name, options), options.get("parts", len(KINDS[name].parts))


@LAW
@given(data=st.data())
def test_a_codec_raises_only_unreadable_and_is_stable(codec: tuple[Codec, int], data: st.DataObject) -> None:
    one, parts = codec
    raw = data.draw(st.tuples(*[ANY] * parts) if parts else ANY.filter(lambda value: value is not None))
    try:
        value = one.decode(raw, CONTEXT)
        written = one.encode(value, CONTEXT) if value is not None else None
    except Unreadable:
        return
    if value is not None:
        again = one.decode(written, CONTEXT)
        assert one.encode(again, CONTEXT) == written
        assert again == value or _in_a_repeated_hour(value)


def _in_a_repeated_hour(value: object) -> bool:
    """The one value that wall times cannot say: the later of a repeated hour."""
    return isinstance(value, datetime) and is_repeated(
        value.astimezone(CONTEXT.zone).replace(tzinfo=None), CONTEXT.zone
    )


@LAW
@given(area=st.integers(0, 999), middle=st.integers(0, 999), last=st.integers(0, 9999), form=st.integers(0, 6))
def test_the_fast_path_of_phones_agrees_with_the_library(area: int, middle: int, last: int, form: int) -> None:
    a, m, n = f"{area:03d}", f"{middle:03d}", f"{last:04d}"
    forms = [
        f"{a}{m}{n}",
        f"({a}) {m}-{n}",
        f"{a}-{m}-{n}",
        f"{a}.{m}.{n}",
        f"+1{a}{m}{n}",
        f"1 {a} {m} {n}",
        f"+1 ({a}) {m}-{n}",
    ]
    try:
        found = built("phone", {}).decode(forms[form], CONTEXT)
    except Unreadable:
        found = None
    assert found == parsed(forms[form], "US")


@LAW
@given(st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)), st.sampled_from(ZONES))
def test_an_instant_keeps_its_moment_in_any_zone(at: datetime, zone: str) -> None:
    context, codec = Context(ZoneInfo(zone), date(2026, 3, 2)), built("instant", {})
    moment = at.replace(tzinfo=UTC)
    assert codec.decode(codec.encode(moment, context), context) == moment


@LAW
@given(st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)), st.sampled_from(ZONES))
def test_a_wall_time_keeps_its_moment_except_in_the_later_of_a_repeated_hour(at: datetime, zone: str) -> None:
    context, codec = Context(ZoneInfo(zone), date(2026, 3, 2)), built("wall_time", {})
    moment = at.replace(tzinfo=UTC, microsecond=0)
    back = codec.decode(codec.encode(moment, context), context)
    local = moment.astimezone(context.zone)
    assert back == moment if local.fold == 0 else back < moment


SPRING, AUTUMN = "2026-03-08", "2026-11-01"


def test_a_skipped_wall_time_moves_forward_by_the_gap_and_says_so() -> None:
    codec = built("wall_time", {})
    found = codec.decode((SPRING, "02:30"), CONTEXT)
    assert found == datetime(2026, 3, 8, 8, 30, tzinfo=UTC)
    assert codec.encode(found, CONTEXT) == (SPRING, "03:30")
    assert codec.remark is not None
    said = codec.remark(found, (SPRING, "02:30"), CONTEXT)
    assert said is not None
    assert said.code == "skipped_time"


def test_a_repeated_wall_time_means_the_earlier_and_says_so() -> None:
    codec = built("wall_time", {})
    found = codec.decode((AUTUMN, "01:30"), CONTEXT)
    assert found == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert codec.encode(found + timedelta(hours=1), CONTEXT) == (AUTUMN, "01:30")
    assert codec.remark is not None
    said = codec.remark(found, (AUTUMN, "01:30"), CONTEXT)
    assert said is not None
    assert said.code == "repeated_time"


def test_a_plain_wall_time_on_the_day_of_a_change_says_nothing() -> None:
    codec = built("wall_time", {})
    assert codec.remark is not None
    for day in (SPRING, AUTUMN):
        assert codec.remark(codec.decode((day, "09:00"), CONTEXT), (day, "09:00"), CONTEXT) is None


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("225", 22500),
        ("$225.00", 22500),
        (" 750.00 USD", 75000),
        ("1,225.5", 122550),
        ("225,00", 22500),
        ("1.225,00", 122500),
        ("(25.00)", -2500),
        ("-$5", -500),
        ("0", 0),
    ],
)
def test_money_is_read_in_its_usual_forms(written: str, minor: int) -> None:
    assert built("money", {}).decode(written, CONTEXT) == Money(amount_minor=minor)


@pytest.mark.parametrize(
    "written", ["1,2,3", "TBD", "N/A", "12,5", "1.234", "--5", "(-5)", "5)", "USD 5 EUR", "\u0665", "$"]
)
def test_money_is_never_guessed(written: str) -> None:
    with pytest.raises(Unreadable, match=r"money|decimals") as caught:
        built("money", {}).decode(written, CONTEXT)
    assert caught.value.code == "bad_money"


@pytest.mark.parametrize(("form", "written"), [("text", "(25.00)"), ("text", "-$5"), ("minor", -500)])
def test_an_amount_below_nothing_is_no_money_where_none_can_be_meant(form: str, written: str | int) -> None:
    codec = built("money", {"form": form, "signed": False})
    with pytest.raises(Unreadable, match="below nothing") as caught:
        codec.decode(written, CONTEXT)
    assert caught.value.code == "bad_money"
    with pytest.raises(Unreadable, match="below nothing"):
        codec.encode(Money(amount_minor=-500), CONTEXT)
    assert codec.decode(0, CONTEXT) == Money(amount_minor=0)


@pytest.mark.parametrize(
    ("amount", "currency", "text"), [(500, "JPY", "500 JPY"), (1234, "KWD", "1.234 KWD"), (-5, "USD", "-0.05")]
)
def test_money_is_written_with_its_currencys_digits(amount: int, currency: str, text: str) -> None:
    codec, money = built("money", {}), Money(amount_minor=amount, currency=currency)
    assert codec.encode(money, CONTEXT) == text
    assert codec.decode(text, CONTEXT) == money


@pytest.mark.parametrize(
    "written", ["02/30/2024", "2024-13-01", "31/12/2024", "soon", "2024-1", "20240101", "12-Foo-2024"]
)
def test_a_date_that_is_none_is_a_bad_date(written: str) -> None:
    with pytest.raises(Unreadable) as caught:
        built("date", {"formats": ["%Y-%m-%d", "%m/%d/%Y", "%d-%b-%Y"]}).decode(written, CONTEXT)
    assert caught.value.code == "bad_date"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (("soon", "09:00"), "bad_date"),
        ((None, "09:00"), "bad_date"),
        (("2026-03-02", "25:00"), "bad_times"),
        (("2026-03-02", "13:00 PM"), "bad_times"),
        (("2026-03-02", None), "bad_times"),
    ],
)
def test_a_wall_time_says_which_part_is_wrong(raw: tuple[str | None, str | None], code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        built("wall_time", {"times": ["%H:%M", "%I:%M %p"]}).decode(raw, CONTEXT)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("written", "hour"), [("12:15 AM", 0), ("12:15 PM", 12), ("01:15 p.m.", 13), ("9:15", 9), ("23:15", 23)]
)
def test_clocks_of_twelve_and_of_twenty_four_hours_are_told_apart(written: str, hour: int) -> None:
    found = built("wall_time", {"times": ["%H:%M", "%I:%M %p"]}).decode(("2026-01-05", written), CONTEXT)
    assert found.astimezone(CONTEXT.zone).hour == hour


def test_dates_out_of_bounds_are_implausible_on_both_sides_and_the_bounds_are_not() -> None:
    codec = built("instant", {"not_before": "2000-01-01", "days_ahead": 400})
    last = (CONTEXT.today + timedelta(days=400)).isoformat()
    beyond = (CONTEXT.today + timedelta(days=401)).isoformat()
    for inside in ("2000-01-01", last):
        assert codec.decode(f"{inside}T12:00", CONTEXT).date().isoformat() == inside
    for outside in ("1999-12-31", beyond):
        with pytest.raises(Unreadable) as caught:
            codec.decode(f"{outside}T12:00", CONTEXT)
        assert caught.value.code == "implausible_date"


@pytest.mark.parametrize(
    "written", ["Patient/p1", "https://host/fhir/Patient/p1", "Patient/p1/_history/3", " Patient/p1 "]
)
def test_a_reference_is_read_with_its_url_and_version_and_written_without(written: str) -> None:
    codec = built("reference", {"kind": "patient", "prefix": "Patient/"})
    context = Context(CONTEXT.zone, CONTEXT.today, KnownLinks({Kind.PATIENT: {"p1": "pat_1"}}))
    assert codec.decode(written, context) == "pat_1"
    assert codec.encode("pat_1", context) == "Patient/p1"


@pytest.mark.parametrize("written", ["Patient/p2", "p1", "Group/p1", "NotPatient/p1", "Patient/"])
def test_a_reference_to_nobody_known_is_its_reason_code(written: str) -> None:
    codec = built("reference", {"kind": "patient", "prefix": "Patient/", "unknown": "orphan_patient"})
    context = Context(CONTEXT.zone, CONTEXT.today, KnownLinks({Kind.PATIENT: {"p1": "pat_1"}}))
    with pytest.raises(Unreadable) as caught:
        codec.decode(written, context)
    assert caught.value.code == "orphan_patient"
