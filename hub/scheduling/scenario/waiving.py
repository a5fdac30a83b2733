"""Play the end of visits that do not take place, and waivers of what they cost."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hub.scheduling.decision import Refusal
from hub.scheduling.fees import fee_of
from hub.scheduling.scenario.actions import Cancel, NoShow
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.player import Outcome, Player, refused
from hub.scheduling.scenario.waiver_actions import Waive
from hub.scheduling.waivers import Owed, Waivable, WaiverRequest, decide_waiver


def end_entries(
    player: Player, entries: list[BookEntry], shares: list[Decimal], state: State, action: Cancel | NoShow
) -> Outcome:
    """Money and credit of visits that do not take place; where a package pays, the credit stands for the fee."""
    charged = [_charged(entry, share) for entry, share in zip(entries, shares, strict=True)]
    request = WaiverRequest("fee", action.role, action.reason)
    owed = decide_waiver(player.policy(_place(entries)), charged, request) if action.waive else charged
    if isinstance(owed, Refusal):
        return refused(owed)
    player.book.write(replace(entry, state=state, owed=one) for entry, one in zip(entries, owed, strict=True))
    waived: Outcome = {"waived": sum(one.fee_waived_minor for one in owed)} if action.waive else {}
    return _told(owed) | waived


def waive(player: Player, action: Waive) -> Outcome:
    """Let a patient off a fee or a deposit, afterwards."""
    what: Waivable = "fee" if action.fee is not None else "deposit"
    entries = [entry for entry in player.entries(action.visit) if what == "fee" or entry.state.is_to_come]
    before = [entry.owed for entry in entries]
    if not any(one.has_left(what) for one in before):
        return refused("nothing_to_waive")
    request = WaiverRequest(what, action.role, action.reason, action.amount_minor)
    owed = decide_waiver(player.policy(_place(entries)), before, request)
    if isinstance(owed, Refusal):
        return refused(owed)
    player.book.write(replace(entry, owed=one) for entry, one in zip(entries, owed, strict=True))
    waived = sum(one.left_minor(what) for one in before) - sum(one.left_minor(what) for one in owed)
    deposit = {"deposit": sum(one.left_minor("deposit") for one in owed)}
    return (_told(owed) if what == "fee" else {"ok": True}) | deposit | {"waived": waived}


def _charged(entry: BookEntry, share: Decimal) -> Owed:
    if entry.package_id is not None:
        return replace(entry.owed, is_credit_lost=share > 0)
    return replace(entry.owed, fee_minor=fee_of(entry.price, share))


def _told(owed: Sequence[Owed]) -> Outcome:
    settled = [one.settlement for one in owed]
    return {
        "ok": True,
        "fee": sum(each.fee for each in settled),
        "refund": sum(each.refund for each in settled),
        "due": sum(each.due for each in settled),
    }


def _place(entries: Sequence[BookEntry]) -> str:
    return next((entry.visit.location_id for entry in entries if entry.visit is not None), "")
