"""Play a ranked `find`: its openings in the order in which to offer them."""

from typing import Any

from hub.scheduling.decision import Refusal
from hub.scheduling.ranking import Offer, Wishes, rank_openings
from hub.scheduling.request import OpeningsRequest
from hub.scheduling.scenario.actions import Find, Prefers
from hub.scheduling.scenario.player import Outcome, Player, refused


def rank(player: Player, request: OpeningsRequest, action: Find) -> Outcome:
    """The best openings, all of them or as many as wanted, each with what it costs."""
    wishes = wishes_of(action.prefers or Prefers())
    offers = rank_openings(player.scenario, player.book.diary(), request, wishes, player.now)
    if isinstance(offers, Refusal):
        return refused(offers)
    zone = player.scenario.zone_of(request.trip.location_id)
    best = offers if action.ranked is True else offers[: action.ranked]
    told = [_told(offer) | {"arrives": offer.arrives_at.astimezone(zone)} for offer in best]
    ranked = [offer["arrives"] for offer in told]
    return {
        "ranked": ranked,
        "best": ranked[0] if ranked else None,
        "costs": [offer.points for offer in best],
        "offers": told,
    }


def wishes_of(prefers: Prefers) -> Wishes:
    """The entry in the engine's words."""
    days = None if prefers.days is None else frozenset(prefers.days)
    return Wishes(prefers.resources, days, prefers.starts, prefers.ends)


def _told(offer: Offer) -> dict[str, Any]:
    return {
        "points": offer.points,
        "with": dict(offer.resources),
        "costs": [f"{cost.what}: {cost.points}" for cost in offer.costs],
    }
