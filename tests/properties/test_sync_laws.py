"""Three systems with ways of their own and the hub between them: whatever happens in whatever order, all come to rest
with the same values, no write is repeated, and nothing goes to and fro. The rules are the hub's (`hub.sync.merge`);
what is around them here is as little as stands for landing, outbox and HTTP."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.sync.echo import find_doubted, find_own
from hub.sync.lineage import Lineage, Origin
from hub.sync.merge import Said, Stands, decide_merge
from hub.sync.system_of_record import HUB, LATEST, MANUAL, FieldRules

NAMES = ("a", "b", "c")
FIELDS = ("phone", "city", "note")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
Raw = dict[str, str]
Values = dict[str, str | None]

WAYS: dict[str, Callable[[str], str]] = {
    "as given": lambda text: text,
    "padded": lambda text: f" {text} ",
    "upper case": str.upper,
    "cut short": lambda text: text.strip()[:3],
    "without blanks": str.strip,
}


def decode(raw: Raw) -> Values:
    return {name: text.strip().casefold() or None for name, text in raw.items()}


@dataclass
class Vendor:
    """A system with one record, and what the hub keeps of it."""

    name: str
    way: str
    has_versions: bool
    raw: Raw = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    at: datetime = EPOCH
    writes: int = 0
    base: Raw | None = None
    """As it was applied last."""
    seen: Values | None = None
    is_queued: bool = False
    tries: list[Values] = field(default_factory=list)
    """What was said and not answered."""
    sent: tuple[Values, Raw] | None = None
    """What was said last, and what the system made of it."""
    undecided: set[str] = field(default_factory=set)

    def normal(self, values: Values) -> Raw:
        return {name: WAYS[self.way](text) if (text := values[name]) else "" for name in FIELDS}


@dataclass
class World:
    vendors: dict[str, Vendor]
    rules: FieldRules
    values: Values = field(default_factory=lambda: dict.fromkeys(FIELDS))
    origins: dict[str, Origin] = field(default_factory=dict)
    clock: datetime = EPOCH

    def tick(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def edit(self, name: str, what: str, text: str) -> None:
        vendor = self.vendors[name]
        changed = vendor.normal({**decode(vendor.raw), what: text or None})
        if changed != vendor.raw:
            vendor.raw, vendor.at = changed, self.tick()

    def pull(self, name: str) -> None:
        vendor = self.vendors[name]
        if vendor.base == vendor.raw:
            return
        values, last = decode(vendor.raw), vendor.seen
        own, doubted = find_own(values, vendor.tries), find_doubted(values, last or {}, vendor.tries)
        said = Said(name, 1, vendor.at, values, last, own, doubted)
        merge = decide_merge(said, Stands(self.values, Lineage(EPOCH, self.origins), is_shared=True), self.rules)
        self.values = {**self.values, **merge.changes}
        self.origins |= merge.origins
        vendor.base, vendor.seen = dict(vendor.raw), values
        vendor.undecided |= {one for one, rule in merge.lost.items() if rule == MANUAL}
        for other in self.vendors.values():
            other.undecided = {one for one in other.undecided if (other.seen or {}).get(one) != self.values[one]}
            is_behind = other is not vendor and bool(merge.changes)
            other.is_queued |= is_behind or (other is vendor and merge.is_to_be_told)
        vendor.is_queued |= last is None and not vendor.tries and values != self.values

    def push(self, name: str, *, is_answered: bool = True) -> None:
        vendor = self.vendors[name]
        if not vendor.is_queued:
            return
        theirs = vendor.seen or dict.fromkeys(FIELDS)
        said = {one: theirs[one] if one in vendor.undecided else self.values[one] for one in FIELDS}
        if vendor.base is not None and (said == vendor.seen or vendor.sent == (said, vendor.base)):
            vendor.is_queued, vendor.tries = False, []
            return
        if vendor.has_versions and vendor.base is not None and vendor.base != vendor.raw:
            return  # it changed there: the next pull says how
        vendor.tries.append(said)
        if vendor.normal(said) != vendor.raw:
            vendor.raw, vendor.at = vendor.normal(said), self.tick()
            vendor.writes += 1
        if is_answered:
            vendor.base, vendor.seen = dict(vendor.raw), decode(vendor.raw)
            vendor.sent = said, dict(vendor.raw)
            vendor.is_queued, vendor.tries = False, []

    @property
    def is_quiet(self) -> bool:
        return all(one.base == one.raw and not one.is_queued for one in self.vendors.values())

    def round(self, order: tuple[str, ...]) -> None:
        for name in order:
            self.pull(name)
        for name in order:
            self.push(name)
        for name in order:
            self.pull(name)


ORDERS = st.permutations(NAMES).map(tuple)
RULE = st.sampled_from((*NAMES, HUB, LATEST, MANUAL))
RULES = st.builds(FieldRules, st.just(LATEST), st.fixed_dictionaries(dict.fromkeys(FIELDS, RULE)))
TEXTS = st.sampled_from(("", "dallas", "austin", "dal", "waco"))
EDITS = st.tuples(st.sampled_from(NAMES), st.sampled_from(FIELDS), TEXTS)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), st.sampled_from(NAMES), st.sampled_from(FIELDS), TEXTS),
        st.tuples(st.just("pull"), st.sampled_from(NAMES)),
        st.tuples(st.just("push"), st.sampled_from(NAMES), st.booleans()),
        st.tuples(st.just("round"), ORDERS),
    ),
    min_size=4,
    max_size=30,
)
VENDORS = st.tuples(*(st.builds(Vendor, st.just(one), st.sampled_from(sorted(WAYS)), st.booleans()) for one in NAMES))


def run(world: World, actions: list[tuple[Any, ...]]) -> None:
    acts = {"edit": world.edit, "pull": world.pull, "round": world.round}
    for action, *rest in actions:
        if action == "push":
            world.push(rest[0], is_answered=rest[1])
        else:
            acts[action](*rest)


def come_to_rest(world: World, order: tuple[str, ...]) -> None:
    for _ in range(3):
        if not world.is_quiet:
            world.round(order)
    assert world.is_quiet, "it goes to and fro"
    for vendor in world.vendors.values():
        for name in FIELDS:
            if name not in vendor.undecided and vendor.seen is not None:
                assert decode(vendor.raw)[name] == decode(vendor.normal(world.values))[name], (vendor.name, name)


@settings(max_examples=300)
@given(VENDORS, RULES, ACTIONS, ORDERS, ORDERS)
def test_all_systems_come_to_rest_with_the_same_values(vendors, rules, actions, order, other_order):
    world = World({one.name: one for one in vendors}, rules)
    run(world, actions)
    written = {one.name: one.writes for one in vendors}
    come_to_rest(world, order)
    for vendor in vendors:
        assert vendor.writes - written[vendor.name] <= 2, "the newest state once, and once more what was lost"
    before = [(one.raw, one.writes) for one in vendors]
    world.round(other_order)
    assert [(one.raw, one.writes) for one in vendors] == before, "rest is rest"


@settings(max_examples=300)
@given(VENDORS, RULES, ACTIONS, ORDERS, EDITS)
def test_one_change_is_everywhere_after_one_round_and_written_once(vendors, rules, actions, order, edit):
    world = World({one.name: one for one in vendors}, rules)
    run(world, actions)
    come_to_rest(world, order)
    written, held = {one.name: one.writes for one in vendors}, dict(world.values)
    world.edit(*edit)
    said = decode(world.vendors[edit[0]].raw)[edit[1]]
    world.round(order)
    assert world.is_quiet
    assert {name for name in FIELDS if world.values[name] != held[name]} <= {edit[1]}
    assert world.values[edit[1]] in (held[edit[1]], said), "nobody's way of writing comes back as a change"
    for vendor in vendors:
        assert vendor.writes - written[vendor.name] <= 1
    come_to_rest(world, order)


@settings(max_examples=200)
@given(VENDORS, ORDERS, ORDERS, st.integers(1, 3), st.sampled_from((*NAMES, LATEST)))
def test_the_declared_side_wins_in_whatever_order_changes_are_seen(vendors, edited, seen, editors, rule):
    world = World({one.name: one for one in vendors}, FieldRules(rule))
    world.edit("a" if rule == LATEST else rule, "city", "ajo")
    come_to_rest(world, seen)
    said = {}
    for name, text in zip(edited[:editors], ("reno", "waco", "bend"), strict=False):
        world.edit(name, "city", text)
        said[name] = decode(world.vendors[name].raw)["city"]
    world.round(seen)
    assert world.values["city"] == (said[edited[editors - 1]] if rule == LATEST else said.get(rule, "ajo"))
    come_to_rest(world, seen)


@settings(max_examples=200)
@given(VENDORS, ORDERS, st.integers(0, 2), st.sampled_from(FIELDS))
def test_an_answer_that_is_lost_brings_nothing_back(vendors, order, place, what):
    world = World({one.name: one for one in vendors}, FieldRules(LATEST))
    teller, hearer = order[0], order[1 + place % 2]
    world.edit(teller, "note", "x")
    come_to_rest(world, order)
    world.edit(teller, what, "austin")
    said = decode(world.vendors[teller].raw)[what]
    world.pull(teller)
    world.push(hearer, is_answered=False)
    world.pull(hearer)
    assert world.values[what] == said
    come_to_rest(world, order)
    assert world.values[what] == said
