"""Why a scenario comes out as it does, in sentences."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from hub.scheduling.clock import wall_clock
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.openings import find_openings
from hub.scheduling.request import BookingRequest, OpeningsRequest
from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.codes import meaning
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import openings_request, play
from hub.scheduling.scenario.player import Outcome, Player
from hub.scheduling.scenario.run import judged, plain
from hub.scheduling.scenario.series import why_no_series
from hub.scheduling.timeline import instant_at, set_minutes


def explain_scenario(text: str, file: str) -> Iterator[str]:
    """A paragraph for each action: what came out, why, and whether it was expected.

    Raises:
        InvalidInput: as `read_scenario`.
    """
    scenario, lines = read_scenario(text, file)
    player = Player(scenario)
    for number, (entry, line) in enumerate(zip(scenario.actions, lines, strict=True), 1):
        asked = openings_request(player, entry.find) if entry.find is not None else None
        diary, now = player.book.diary(), player.now
        outcome = play(player, entry)
        result = judged(number, entry, outcome, f"{file}:{line}")
        yield f"{number}. {entry.kind} (line {line}): {_summary(entry, outcome)}"
        if asked is not None and not outcome.get("refused"):
            yield from _days(player, asked, diary, now)
        yield from (f"   {_offer(number, offer)}" for number, offer in enumerate(outcome.get("offers", ()), 1))
        yield from (f"   {code}: {meaning(code)}" for code in outcome.get("refused", ()))
        if entry.series is not None and outcome.get("refused") == ["no_series"]:
            yield from _why(outcome.get("why") or why_no_series(player, entry.series))
        if result.error:
            yield f"   NOT AS EXPECTED: {result.error}; expected {plain(result.expected)}"


def _summary(entry: ActionEntry, outcome: Outcome) -> str:
    if outcome.get("refused"):
        return f"refused: {', '.join(outcome['refused'])}"
    if entry.find is not None:
        return f"{outcome['count']} openings, the first {plain(outcome['first'])}"
    said = {key: plain(value) for key, value in outcome.items() if key != "ok"}
    return ", ".join(f"{key} {value}" for key, value in said.items()) or "done"


def _offer(number: int, offer: Mapping[str, Any]) -> str:
    who = ", ".join(offer["with"].values())
    return f"{number}. {plain(offer['arrives'])} ({who}): {offer['points']}  {'; '.join(offer['costs'])}".rstrip()


def _why(why: Outcome) -> Iterator[str]:
    """How far a series goes, and the smallest changes that would let it through."""
    yield f"   {why['patient']}: no place for session {why['session']}: {', '.join(why['reasons'])}"
    for remedy in why["smallest"]:
        where = (
            f"session {one['session']} on {one['arrives'].date()} ({', '.join(one['codes'])})"
            for one in remedy["sessions"]
        )
        yield f"   it would do without {' and '.join(remedy['lift'])}: {'; '.join(where)}"
    if not why["smallest"]:
        yield "   no three of its reasons out of the way would do"


def _days(player: Player, asked: OpeningsRequest, diary: Diary, now: datetime) -> Iterator[str]:
    """Each date asked for: how many openings, and why the other grid times are none."""
    found = find_openings(player.scenario, diary, asked, now)
    offered = set() if isinstance(found, Refusal) else set(found.arrivals)
    clock = wall_clock(player.scenario.zone_of(asked.trip.location_id))
    for number in range((asked.last_on - asked.first_on).days + 1):
        day = asked.first_on + timedelta(days=number)
        begin = clock.day_start(day)
        grid = clock.grid_bits(day, day, player.scenario.grid_minutes, (begin, begin))
        times = [instant_at(begin + minute) for minute in set_minutes(grid)]
        reasons: Counter[str] = Counter()
        for arrives_at in (time for time in times if time not in offered):
            decision = decide_booking(player.scenario, diary, BookingRequest(asked.trip, arrives_at), now)
            reasons.update(decision.reasons if isinstance(decision, Refusal) else ())
        why = ", ".join(f"{count} {code}" for code, count in reasons.most_common())
        yield f"   {day}: {len(offered & set(times))} of {len(times)}" + (f"; against the others: {why}" if why else "")
