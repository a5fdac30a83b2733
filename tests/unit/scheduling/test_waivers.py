"""Who may waive how much."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.practice import Policy, Waiver
from hub.scheduling.decision import Refusal
from hub.scheduling.waivers import Owed, WaiverRequest, decide_waiver

POLICY = Policy(
    waivers={
        "desk": Waiver(up_to_minor=5_000, reasons=frozenset({"illness"})),
        "lead": Waiver(up_to_minor=20_000),
        "owner": Waiver(),
    }
)
MISSED = Owed(price_minor=30_000, deposit_minor=5_000, fee_minor=15_000)


def waiver(role: str | None = "owner", reason: str | None = "illness", amount: int | None = None) -> WaiverRequest:
    return WaiverRequest("fee", role, reason, amount)


@pytest.mark.parametrize(
    ("request_", "codes"),
    [
        (waiver(reason=None), ("reason_missing",)),
        (waiver(reason="  "), ("reason_missing",)),
        (waiver(role=None), ("may_not_waive",)),
        (waiver(role="nurse"), ("may_not_waive",)),
        (waiver(role="desk", amount=5_001), ("may_not_waive",)),
        (waiver(role="desk", reason="goodwill", amount=1), ("may_not_waive",)),
        (waiver(role="nurse", reason=None), ("reason_missing",)),
    ],
)
def test_a_waiver_without_a_rule_is_refused(request_: WaiverRequest, codes: tuple[str, ...]) -> None:
    assert decide_waiver(POLICY, [MISSED], request_) == Refusal(codes)


def test_a_role_waives_up_to_its_limit_and_not_a_cent_more() -> None:
    waived = decide_waiver(POLICY, [MISSED], waiver("desk", amount=5_000))
    assert not isinstance(waived, Refusal)
    assert waived[0].fee_waived_minor == 5_000
    assert decide_waiver(POLICY, waived, waiver("desk", amount=1)) == Refusal(("may_not_waive",))
    more = decide_waiver(POLICY, waived, waiver("lead"))
    assert not isinstance(more, Refusal)
    assert more[0].settlement == replace(MISSED.settlement, refund=5_000, due=0)


def test_a_credit_comes_back_whole_and_counts_as_the_price() -> None:
    lost = Owed(price_minor=20_001, is_credit_lost=True)
    assert decide_waiver(POLICY, [lost], waiver("lead")) == Refusal(("may_not_waive",))
    assert decide_waiver(POLICY, [lost], waiver("owner", amount=20_001)) == (lost,)  # a sum is no credit
    back = replace(lost, is_credit_lost=False, is_credit_waived=True)
    assert decide_waiver(POLICY, [lost], waiver("owner")) == (back,)
    assert decide_waiver(POLICY, [replace(lost, price_minor=20_000)], waiver("lead")) != Refusal(("may_not_waive",))


amounts = st.integers(0, 50)
owed = st.builds(
    lambda price, deposit, fee: Owed(price_minor=price, deposit_minor=min(deposit, price), fee_minor=min(fee, price)),
    amounts,
    amounts,
    amounts,
)


@given(
    st.lists(owed, min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(["fee", "deposit"]), st.none() | amounts), max_size=6),
    st.integers(0, 80),
)
def test_however_it_is_cut_up_no_more_than_the_limit_is_waived_and_no_more_than_there_is(visits, asked, limit) -> None:
    policy = Policy(waivers={"desk": Waiver(up_to_minor=limit)})
    now = tuple(visits)
    for what, amount in asked:
        before = sum(one.left_minor(what) for one in now)
        decided = decide_waiver(policy, now, WaiverRequest(what, "desk", "why", amount))
        if isinstance(decided, Refusal):
            wanted = before if amount is None else min(amount, before)
            assert sum(one.waived_minor for one in now) + wanted > limit
            continue
        now = decided
        assert sum(one.waived_minor for one in now) <= limit
    for before, after in zip(visits, now, strict=True):
        assert 0 <= after.fee_waived_minor <= before.fee_minor
        assert 0 <= after.deposit_waived_minor <= before.deposit_minor
        settled = after.settlement
        paid = after.left_minor("deposit")
        assert paid - settled.refund + settled.due == after.left_minor("fee")
        assert settled.refund == 0 or settled.due == 0
