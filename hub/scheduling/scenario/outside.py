"""Play what others have a say in: the time is held, they are asked, and what they say decides; or nobody knows yet.

What an answer means is decided by `hub.scheduling.pending`, as when the practice runs.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from hub.scheduling.decision import Booking
from hub.scheduling.diary import Promise
from hub.scheduling.pending import (
    UNDECIDED_UNTIL,
    Answer,
    Stage,
    Step,
    begin,
    find_steps,
    follow,
    patience,
)
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.outside_actions import PaymentAnswers, Reconcile, VendorAnswers
from hub.scheduling.scenario.player import Outcome, Player, refused
from hub.scheduling.scenario.undecided import Undecided

_ANSWERS = {"yes": Answer.YES, "refuse": Answer.NO, "declined": Answer.NO, "timeout": Answer.UNKNOWN}
_REFUSALS = {Step.CONFIRM: "vendor_refused", Step.AUTHORISE: "payment_declined"}


def set_vendor(player: Player, action: VendorAnswers) -> Outcome:
    """From now on it answers so."""
    player.vendor, player.is_outside_played = action, True
    return {"ok": True}


def set_payment(player: Player, action: PaymentAnswers) -> Outcome:
    """The same of whoever takes deposits."""
    player.payment, player.is_outside_played = action, True
    return {"ok": True}


def ask_for_booking(
    player: Player,
    ids: tuple[str, ...],
    channel: str,
    tell: Callable[[], Outcome],
    deadline_at: datetime | None = None,
) -> Outcome:
    """What comes of visits that are in the book already: they stand, they do not, or nobody knows.

    Args:
        player: the run.
        ids: the visits.
        channel: by which they are booked.
        tell: what is said once they stand.
        deadline_at: when the hold that they come from is over; None: it begins now.
    """
    entries = [player.book.entries[one] for one in ids]
    location_id = next(entry.visit.location_id for entry in entries if entry.visit is not None)
    pays = channel in player.policy(location_id).deposit_first and _deposit(entries) > 0
    standing = begin(pays=pays, asks_vendor=player.scenario.vendor_of(location_id) is not None)
    if standing.is_settled or not player.is_outside_played:
        return tell()
    held = [replace(entry, state=State.HELD, expires_at=UNDECIDED_UNTIL) for entry in entries]
    player.book.write(held)

    def come_about() -> Outcome:
        now_held = [player.book.entries[one] for one in ids]
        player.book.write(replace(one, state=State.BOOKED, expires_at=None) for one in now_held)
        return tell()

    deadline = deadline_at or player.hold_end(location_id)
    change = Undecided("book", ids, standing, player.now, deadline, come_about, lambda: _give_up(player, ids))
    return _begin(player, change)


def ask_to_move(
    player: Player, entries: list[BookEntry], decision: Booking, moved: list[BookEntry], tell: Callable[[], Outcome]
) -> Outcome:
    """What comes of a move: both times are taken while it is asked."""
    ids = tuple(entry.id for entry in entries)

    def go() -> Outcome:
        player.book.record(decision, moved)
        return tell()

    if not _asks_vendor(player, entries):
        return go()
    twins = [_twin(one) for one in moved]
    stood, covered = zip(*(_covering(*pair) for pair in zip(entries, twins, strict=True)), strict=True)
    held = [replace(one, state=State.HELD, expires_at=UNDECIDED_UNTIL) for one in covered]
    player.book.record(decision, [*held, *stood])
    twin_ids = tuple(one.id for one in held)

    def come_about() -> Outcome:
        units = [[claim.unit for claim in player.book.entries[one].claims] for one in twin_ids]  # they may have changed
        player.book.remove(twin_ids)
        player.book.write(_on_units(*pair) for pair in zip(moved, units, strict=True))
        return tell()

    def fall_through() -> None:
        player.book.remove(twin_ids)
        player.book.write(replace(player.book.entries[one.id], promises=one.promises) for one in entries)

    standing = begin(pays=False, asks_vendor=True)
    return _begin(player, Undecided("move", ids, standing, player.now, UNDECIDED_UNTIL, come_about, fall_through))


def ask_to_cancel(player: Player, entries: list[BookEntry], end: Callable[[], Outcome]) -> Outcome:
    """What comes of a cancellation; its fee is that of the asking."""
    if not _asks_vendor(player, entries):
        return end()
    ids = tuple(entry.id for entry in entries)
    standing = begin(pays=False, asks_vendor=True)
    return _begin(player, Undecided("cancel", ids, standing, player.now, UNDECIDED_UNTIL, end, lambda: None))


def is_awaited(player: Player, entries: Iterable[BookEntry]) -> bool:
    """Whether another change of these visits waits for the vendor's word."""
    ids = {entry.id for entry in entries}
    return any(one.standing.stage.is_undecided and ids.intersection(one.ids) for one in player.undecided)


def reconcile(player: Player, _action: Reconcile) -> Outcome:
    """Ask what became of it, the longest first."""
    counts = {"done": 0, "released": 0, "waiting": 0}
    for one in list(player.undecided):
        _settle(player, one, is_resumed=True)
        if one.standing.is_settled:
            player.undecided.remove(one)
            counts["done" if one.standing.stage is Stage.DONE else "released"] += 1
        else:
            counts["waiting"] += 1
    return {"ok": True, **counts}


def _begin(player: Player, one: Undecided) -> Outcome:
    code = _settle(player, one, is_resumed=False)
    if not one.standing.is_settled:
        player.undecided.append(one)
    paid: Outcome = {} if one.standing.payment is None else {"payment": str(one.standing.payment)}
    if one.standing.stage.is_undecided:
        return {"ok": False, "undecided": str(one.standing.stage), **paid}
    if one.standing.stage is Stage.DONE and one.told is not None:
        return one.told | paid
    return refused(code or "not_confirmed") | paid


def _settle(player: Player, one: Undecided, *, is_resumed: bool) -> str | None:
    """Ask each step once; gives the code of the no that ended it."""
    asked: set[Step] = set()
    code: str | None = None
    first = one.standing.stage
    while (step := next((each for each in find_steps(one.standing) if each not in asked), None)) is not None:
        asked.add(step)
        again = is_resumed and one.standing.stage is first and step in _REFUSALS
        again = again and (one.kind != "cancel" or one.is_there)  # one that is not done there is asked for again
        answer = _look(player, one, step) if again else _ask(player, one, step)
        before = one.standing
        one.standing = follow(before, step, answer, in_time=player.now < one.deadline_at)
        if one.standing.stage is not before.stage:
            one.asked_at = player.now
        if not before.stage.is_undecided or one.standing.stage.is_undecided:
            continue
        if one.standing.stage is Stage.DONE:
            one.told = one.come_about()
        else:
            one.fall_through()
            code = _REFUSALS.get(step) if answer is Answer.NO else "hold_expired"
    return code


def _ask(player: Player, one: Undecided, step: Step) -> Answer:
    """What they say to it now, and what they do about it."""
    if step in (Step.CONFIRM, Step.WITHDRAW):
        answer = _ANSWERS[player.vendor.answers]
        if step is Step.CONFIRM:
            one.is_there = answer is Answer.YES or player.vendor.stored
        return answer
    answer = _ANSWERS[player.payment.answers]
    if step is Step.AUTHORISE:
        one.is_reserved = answer is Answer.YES or player.payment.reserved
        return answer
    return Answer.UNKNOWN if answer is Answer.UNKNOWN else Answer.YES


def _look(player: Player, one: Undecided, step: Step) -> Answer:
    """What became of what was asked before; that it is not there says nothing while it may be on its way."""
    answers, is_there = (
        (player.vendor.answers, one.is_there) if step is Step.CONFIRM else (player.payment.answers, one.is_reserved)
    )
    if _ANSWERS[answers] is Answer.UNKNOWN:
        return Answer.UNKNOWN
    if is_there:
        return Answer.YES
    return Answer.NO if player.now >= one.asked_at + patience(len(one.ids)) else Answer.UNKNOWN


def _twin(moved: BookEntry) -> BookEntry:
    """What takes the new time as long as the visit has its old one."""
    twin_id = f"{moved.id}~"
    visit = None if moved.visit is None else replace(moved.visit, id=twin_id)
    claims = tuple(replace(claim, id=f"{twin_id}:{n}") for n, claim in enumerate(moved.claims))
    return replace(moved, id=twin_id, visit=visit, claims=claims, package_id=None, trip_id=None)


def _on_units(entry: BookEntry, units: Iterable[int]) -> BookEntry:
    claims = zip(entry.claims, units, strict=True)
    return replace(entry, claims=tuple(replace(claim, unit=unit) for claim, unit in claims))


def _asks_vendor(player: Player, entries: Iterable[BookEntry]) -> bool:
    places = {entry.visit.location_id for entry in entries if entry.visit is not None}
    return player.is_outside_played and any(player.scenario.vendor_of(place) is not None for place in places)


def _deposit(entries: Iterable[BookEntry]) -> int:
    return sum(entry.owed.left_minor("deposit") for entry in entries)


def _give_up(player: Player, ids: tuple[str, ...]) -> None:
    """Let the time go; a refusal uses no key up."""
    player.book.remove(ids)
    player.keys = {key: used for key, used in player.keys.items() if used[2] != ids}


def _covering(stands: BookEntry, goes: BookEntry) -> tuple[BookEntry, BookEntry]:
    """The two with promises that are good for both dates: one for the later date is good for the earlier."""
    later = {_place(one): one for one in goes.promises}
    kept = tuple(one for one in stands.promises if _is_latest(one, later.get(_place(one))))
    covered = {_place(one) for one in kept}
    return replace(stands, promises=kept), replace(
        goes, promises=tuple(one for one in goes.promises if _place(one) not in covered)
    )


def _place(promise: Promise) -> tuple[str, str]:
    return promise.product_id, promise.location_id


def _is_latest(promise: Promise, other: Promise | None) -> bool:
    return other is None or promise.promised_on >= other.promised_on
