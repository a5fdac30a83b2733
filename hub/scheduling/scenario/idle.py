"""Play `gaps`: idle stretches in the days ahead, and who waits and fits them."""

from collections import Counter

from hub.scheduling.gap_fits import Waiting
from hub.scheduling.gaps import GapsRequest, find_gaps
from hub.scheduling.scenario.actions import Gaps
from hub.scheduling.scenario.player import Outcome, Player


def find_idle(player: Player, action: Gaps) -> Outcome:
    """Every gap of the dates, in the order of the resources; who has an offer waits no more."""
    kinds = frozenset(action.kinds or player.scenario.ranking.kinds)
    request = GapsRequest(player.location(action.location), action.from_on, action.until_on, kinds)
    waiters = {str(number): waiter for number, waiter in enumerate(player.waiting) if not waiter.offer}
    waiting = [Waiting(number, waiter.request) for number, waiter in waiters.items()]
    gaps = find_gaps(player.scenario, player.book.diary(), request, waiting, player.now)
    zone = player.scenario.zone_of(request.location_id)
    idle: Counter[str] = Counter()
    for gap in gaps:
        idle[gap.resource_id] += gap.minutes
    rows = [
        {
            "resource": gap.resource_id,
            "from": gap.starts_at.astimezone(zone),
            "to": gap.ends_at.astimezone(zone),
            "short": gap.is_short,
            "fits": [waiters[fit.waiting_id].request.trip.parts[0].patient_id for fit in gap.fits],
        }
        for gap in gaps
    ]
    return {"ok": True, "count": len(gaps), "gaps": rows, "idle": dict(idle)}
