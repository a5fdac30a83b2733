"""Three systems in memory around the real hub on PostgreSQL: whatever happens, all end alike and come to rest."""

from random import Random

import pytest
from sqlalchemy import text

from hub.canonical.ids import Kind
from hub.errors import RetryLater
from tests.integration.operations.scripted_systems import Vendor, linked, pull, push

NAMES = ("a", "b", "c")
WAYS = (
    lambda payload: payload,
    lambda payload: {**payload, "city": (payload.get("city") or "")[:3] or None},
    lambda payload: {**payload, "phone": _spoken(payload.get("phone"))},
    lambda payload: {**payload, "note": f" {payload['note']} " if payload.get("note") else None},
)
CITIES, PHONES, NOTES = ("Dallas", "Austin", "Waco"), ("+15125550100", "+15125550111"), ("x", "y", None)
RULES = (
    "",
    "patient: {system_of_record: a}",
    "patient: {system_of_record: b, fields: {city: latest, phone: c}}",
    "patient: {system_of_record: hub, fields: {note: latest}}",
)


def _spoken(phone):
    return f"({phone[2:5]}) {phone[5:8]}-{phone[8:]}" if phone and phone.startswith("+1") else phone


class Three:
    """The vendors, and the hub between them."""

    def __init__(self, store, engine, random):
        self.store, self.engine, self.random = store, engine, random
        self.vendors = {name: Vendor(name, normal=random.choice(WAYS)) for name in NAMES}
        rules = random.choice(RULES)
        self.systems = {name: linked(name, told=NAMES, rules=rules, aliases=False) for name in NAMES}

    def carry_on(self, name):
        """Pull and push, with an answer lost now and then and the last record of the feed coming twice."""
        vendor = self.vendors[name]
        vendor.lose_answers = self.random.random() < 0.3
        pull(vendor, self.systems[name], self.store)
        try:
            push(vendor, self.systems[name], self.store)
        except RetryLater:
            self.let_them_be_tried_now()
        vendor.lose_answers = 0
        if self.random.random() < 0.3:
            vendor.feed += vendor.feed[-1:]

    def change(self, name):
        """Somebody edits the record there, if it is there yet."""
        vendor = self.vendors[name]
        for id_, record in list(vendor.records.items())[:1]:
            what, words = self.random.choice((("city", CITIES), ("phone", PHONES), ("note", NOTES)))
            vendor.put(id_, {**record, what: self.random.choice(words)})

    def let_them_be_tried_now(self):
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE outbox_delivery SET next_try_at = now() WHERE state = 'pending'"))

    def round(self):
        for name in NAMES:
            pull(self.vendors[name], self.systems[name], self.store)
        self.let_them_be_tried_now()
        for name in NAMES:
            push(self.vendors[name], self.systems[name], self.store)

    @property
    def written(self):
        return {name: len(vendor.written) for name, vendor in self.vendors.items()}


def assert_all_hold(three):
    with three.store.begin("test") as work:
        [ann] = work.records.load_all(Kind.PATIENT).values()
        assert set(work.outbox.count()) == {"sent"}
        assert work.conflicts.find_all() == ()
    for vendor in three.vendors.values():
        [record] = vendor.records.values()
        wanted = vendor.normal({"phone": ann.phone, "city": ann.city, "note": ann.note})
        assert (record.get("city") or None) == (wanted["city"] or None)
        assert (record.get("note") or "").strip() == (wanted["note"] or "").strip()
        assert _spoken(record.get("phone")) == _spoken(wanted["phone"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_three_systems_end_alike_and_come_to_rest(store, engine, seed):
    three = Three(store, engine, Random(seed))
    first = {"first": "Ann", "last": "Ames", "phone": PHONES[0], "city": "Austin", "active": True}
    three.vendors["a"].put("1", first)
    for _ in range(12):
        name = three.random.choice(NAMES)
        three.carry_on(name)
        three.change(name)
    for _ in range(3):
        three.round()
    assert_all_hold(three)
    written = three.written
    assert sum(written.values()) > 3
    three.round()
    assert three.written == written, "rest is rest"
