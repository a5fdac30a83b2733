from hypothesis import given
from hypothesis import strategies as st

from hub.scheduling.units import UnitClaim, choose_units


def overlap(one, other):
    return one[0] < other[1] and other[0] < one[1]


def deepest(spans):
    return max((sum(s <= start < e for s, e in spans) for start, _ in spans), default=0)


def after(existing, wanted, capacity):
    chosen = choose_units(existing, wanted, capacity)
    units = {claim.id: claim.unit for claim in existing} | chosen
    return [(claim.span, units[claim.id]) for claim in (*existing, *wanted)]


def test_a_free_unit_is_taken_without_moving_anybody():
    existing = [UnitClaim("a", (0, 10), 1)]
    assert choose_units(existing, [UnitClaim("b", (5, 15))], 2) == {"b": 2}


def test_claims_change_units_when_time_is_free_but_no_unit_is():
    existing = [UnitClaim("a", (0, 30), 1), UnitClaim("b", (30, 60), 2)]
    found = after(existing, [UnitClaim("c", (0, 60))], 2)
    assert len({unit for span, unit in found if overlap(span, (0, 30))}) == 2
    assert all(a[1] != b[1] for i, a in enumerate(found) for b in found[:i] if overlap(a[0], b[0]))


def test_facts_beyond_the_capacity_keep_their_unit():
    existing = [UnitClaim("a", (0, 10), 1), UnitClaim("x", (0, 10), 3)]
    assert choose_units(existing, [UnitClaim("b", (10, 20))], 2) == {"b": 1}


def test_facts_that_clash_elsewhere_do_not_keep_a_free_time_from_being_booked():
    clash = [UnitClaim(name, (0, end), 1) for name, end in (("a", 31), ("b", 30), ("c", 30))]
    existing = [*clash, UnitClaim("d", (30, 40), 1), UnitClaim("e", (40, 60), 2)]
    found = dict(zip("abcdew", (unit for _, unit in after(existing, [UnitClaim("w", (31, 60))], 2)), strict=True))
    assert {found["d"], found["w"]} == {found["e"], found["w"]} == {1, 2}


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15)).map(lambda p: (p[0], p[0] + p[1])), max_size=14),
    st.integers(1, 4),
)
def test_whenever_the_time_is_free_a_colouring_is_found(spans, capacity):
    existing = []
    for number, span in enumerate(spans):
        if deepest([claim.span for claim in existing] + [span]) > capacity:
            continue
        wanted = UnitClaim(str(number), span)
        chosen = choose_units(existing, [wanted], capacity)
        existing = [UnitClaim(c.id, c.span, chosen.get(c.id, c.unit)) for c in (*existing, wanted)]
        assert all(1 <= claim.unit <= capacity for claim in existing)
        assert not any(
            a.unit == b.unit and overlap(a.span, b.span) for i, a in enumerate(existing) for b in existing[:i]
        )
