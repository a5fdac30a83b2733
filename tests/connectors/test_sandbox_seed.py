"""The sandbox's practice is the same for the same day, on any day: one overlap, one broken record, nobody real."""

import re
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.kit.sandbox.seed import seed_resources

DAYS = st.dates(date(2025, 1, 1), date(2035, 12, 31))
Resource = dict[str, Any]


def of(resources: list[Resource], resource_type: str) -> list[Resource]:
    return [r for r in resources if r["resourceType"] == resource_type]


def actors(appointment: Resource) -> set[str]:
    return {p["actor"]["reference"] for p in appointment["participant"]}


def at(appointment: Resource, key: str) -> datetime:
    return datetime.fromisoformat(appointment[key])


def meet(one: Resource, other: Resource) -> set[str]:
    overlap = at(one, "start") < at(other, "end") and at(other, "start") < at(one, "end")
    return actors(one) & actors(other) if overlap else set()


@given(DAYS)
def test_the_seed_is_one_small_practice_around_its_day(today):
    resources = seed_resources(today)
    assert resources == seed_resources(today)
    sizes = {name: len(of(resources, name)) for name in ("Patient", "Practitioner", "Location", "Appointment")}
    assert sizes == {"Patient": 40, "Practitioner": 4, "Location": 5, "Appointment": 60}
    assert len({(r["resourceType"], r["id"]) for r in resources}) == len(resources)
    days = [at(a, "start").date() for a in of(resources, "Appointment")]
    assert timedelta(days=6) <= today - min(days) <= timedelta(days=8)
    assert max(days) > today + timedelta(days=7)


@given(DAYS)
def test_exactly_two_meet_in_one_room_and_one_is_broken(today):
    appointments = of(seed_resources(today), "Appointment")
    whole = [a for a in appointments if "end" in a]
    assert len(appointments) - len(whole) == 1
    assert [shared for one, other in combinations(whole, 2) if (shared := meet(one, other))] == [{"Location/room-1"}]


@given(DAYS)
def test_what_is_past_is_over_and_what_is_to_come_is_booked(today):
    for appointment in of(seed_resources(today), "Appointment"):
        is_past = at(appointment, "start").date() < today
        assert (appointment["status"] == "booked") != is_past


def test_nobody_in_it_can_be_reached():
    patients = of(seed_resources(date(2026, 3, 10)), "Patient")
    contacts = [(t["system"], t["value"]) for p in patients for t in p["telecom"]]
    phones = [value for system, value in contacts if system == "phone"]
    emails = [value for system, value in contacts if system == "email"]
    assert len(set(phones)) == len(set(emails)) == 40
    assert all(re.fullmatch(r"\(512\) 555-01\d\d", phone) for phone in phones)
    assert all(email.endswith("@example.com") for email in emails)
