"""Hours, resources, locations and services with dates, against brute force: exact on the first day and on the last."""

from datetime import timedelta

import pytest

from hub.canonical.practice import Dated
from hub.scheduling import hours
from tests.properties.scheduling.test_engine_agrees_with_oracle import BATCH, FIRST, RUNS, disagreement


def with_dates(doc, generator):
    """Dates around the days asked for, in every place that takes them."""

    def dates():
        first = generator.start.date() + timedelta(days=generator.random.randint(-1, 1))
        last = first + timedelta(days=generator.random.randint(0, 2))
        given = {"since": first.isoformat(), "until": last.isoformat()}
        return {key: value for key, value in given.items() if generator.chance(0.6)}

    for place in (*doc["locations"], *doc["resources"]):
        if generator.chance(0.3):
            place.update(dates())
        if "hours" in place and generator.chance(0.6):
            before, after = dates(), dates()
            place["hours"] = [entry | before for entry in place["hours"]] + [e | after for e in generator.hours()]
    for service in doc["services"]:
        if generator.chance(0.4):
            service["offered"] = dates()


@pytest.mark.parametrize("start", range(FIRST, FIRST + RUNS // 20, BATCH))
def test_openings_and_refusals_follow_the_dates_of_the_configuration(start):
    seeds = range(start, min(start + BATCH, FIRST + RUNS // 20))
    assert [found for seed in seeds if (found := disagreement(seed, with_dates)) is not None] == []


def forget_the_last_day(patch):
    patch.setattr(Dated, "holds_on", lambda self, day: self.since is None or self.since <= day)


def forget_when_resources_start(patch):
    patch.setattr(hours, "_dates_of", lambda *_: -1)


@pytest.mark.parametrize("break_it", [forget_the_last_day, forget_when_resources_start])
def test_the_oracle_notices_dates_that_are_forgotten(break_it, monkeypatch):
    break_it(monkeypatch)
    assert any(disagreement(seed, with_dates) is not None for seed in range(40))
