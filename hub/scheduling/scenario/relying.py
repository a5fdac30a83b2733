"""What was booked to follow a visit, and lacks it now that the visit does not take place or stands elsewhere."""

from collections.abc import Iterator
from typing import Any

from hub.scheduling.booked_rules import broken_rules, is_required
from hub.scheduling.config_change import BookedVisit
from hub.scheduling.scenario.actions import Cancel, Move, NoShow
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.player import Player


def relying_on(player: Player, action: Cancel | NoShow | Move) -> list[dict[str, Any]]:
    """The patients' other visits to come that break a rule as they stand, where some service asks for such a visit."""
    changed = player.entries(action.visit)
    if not is_required(player.scenario, (entry.visit.service_id for entry in changed if entry.visit is not None)):
        return []
    diary = player.book.diary()
    broken = {one.id: broken_rules(player.scenario, diary, one) for one in _beside(player, changed)}
    return [{"visit": player.name_of(visit_id), "codes": list(codes)} for visit_id, codes in broken.items() if codes]


def _beside(player: Player, changed: list[BookEntry]) -> Iterator[BookedVisit]:
    """What was booked for the same patients and is to come; listed visits obey no rule."""
    patients = {entry.visit.patient_id for entry in changed if entry.visit is not None}
    aside = {entry.id for entry in changed} | {listed.id for listed in player.scenario.visits}
    for entry in player.book.entries.values():
        visit, part = entry.visit, entry.part
        if visit is None or part is None or entry.state is not State.BOOKED or entry.id in aside:
            continue
        if visit.patient_id in patients and visit.arrives_at > player.now:
            resources = dict(entry.resources)
            yield BookedVisit(
                entry.id, part, visit.location_id, visit.arrives_at, resources, overridden=entry.overridden
            )
