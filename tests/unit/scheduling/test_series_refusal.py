"""Why there is no series: the smallest change is found, all of that size, and nothing larger."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from itertools import combinations

from hub.canonical.practice import read_practice
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary, LotOnHand, PackageStanding
from hub.scheduling.lifting import World, lift, liftable
from hub.scheduling.request import Part, Trip
from hub.scheduling.series import SeriesRequest, decide_series
from hub.scheduling.series_refusal import explain_refusal

PRACTICE = read_practice(
    """
zone: America/Chicago
grid_minutes: 60
locations: [{id: main, hours: [{days: mon, from: "09:00", to: "11:00"}]}]
resources:
  - {id: nora, kind: provider}
  - {id: gentlemax, kind: device, away: [{from: 2026-03-16T00:00, to: 2026-03-17T00:00}]}
products: [{id: gel, unit: tube}]
services:
  - id: laser
    series: {sessions: 3, min_days: 14, max_days: 14}
    uses: [{product: gel, quantity: 1}]
    steps: [{name: laser, minutes: 60, needs: [{kind: provider}, {kind: device}]}]
""",
    "practice.yaml",
)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REQUEST = SeriesRequest(
    Trip((Part("laser", "ann", package_id="pk", series_id="s"),), "main"), date(2026, 3, 2), date(2026, 3, 30)
)


def diary(credits_left=3, tubes=3):
    lot = LotOnHand("gel", "main", "G1", Decimal(tubes), date(2026, 12, 31))
    package = PackageStanding("pk", "ann", "laser", credits_left)
    return Diary(patients={"ann": True}, lots=(lot,), packages=(package,))


def test_it_says_how_far_the_series_goes_and_what_stands_against_the_next_session():
    found = explain_refusal(PRACTICE, diary(), REQUEST, NOW)
    assert (found.session, found.reasons) == (3, ("until",))
    assert [arrival.date() for arrival in found.booked] == [date(2026, 3, 9), date(2026, 3, 23)]
    assert [remedy.codes for remedy in found.remedies] == [("until",), ("too_soon",), ("no_device",)]


def test_two_facts_that_are_both_wanted_are_one_change_with_the_sessions_that_want_them():
    its = SeriesRequest(REQUEST.trip, date(2026, 3, 23), date(2026, 12, 31))
    found = explain_refusal(PRACTICE, diary(credits_left=2, tubes=1), its, NOW)
    (remedy,) = found.remedies
    assert (found.session, found.reasons, remedy.codes) == (2, ("no_stock",), ("no_credit", "no_stock"))
    told = [(hurdle.session, hurdle.codes) for hurdle in remedy.hurdles]
    assert told == [(2, ("no_stock",)), (3, ("no_credit", "no_stock"))]
    apart = remedy.hurdles[1].arrives_at - remedy.hurdles[0].arrives_at
    assert apart == timedelta(days=14)


def test_nothing_smaller_than_what_it_says_would_do():
    for credits_left in (1, 3):
        for tubes in (0, 3):
            world = World(PRACTICE, diary(credits_left, tubes), REQUEST)
            found = explain_refusal(world.practice, world.diary, world.request, NOW)
            least = len(found.remedies[0].codes)
            codes = liftable(world)
            for count in range(least + 1):
                wanted = {
                    tuple(sorted(chosen))
                    for chosen in combinations(codes, count)
                    if _works(reduce(lift, chosen, world))
                }
                assert wanted == ({remedy.codes for remedy in found.remedies} if count == least else set())


def _works(world):
    return not isinstance(decide_series(world.practice, world.diary, world.request, NOW), Refusal)
