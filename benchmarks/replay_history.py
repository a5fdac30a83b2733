"""How long the timeless rules take over a million visits of the past, and how much memory; beside sorting alone.

python -m benchmarks.replay_history [--small]
"""

import argparse
import resource
import statistics
from datetime import UTC, datetime, timedelta
from random import Random
from time import perf_counter

from hub.canonical.ids import LocationId, PatientId, ProviderId, ResourceId, VisitId
from hub.canonical.records import Visit, VisitState
from hub.sync.conflicts import find_overlaps

BEGIN = datetime(2016, 1, 4, 9, tzinfo=UTC)
PROVIDERS, ROOMS, PATIENTS = 60, 80, 100_000


def history(count: int) -> list[Visit]:
    """Ten years and more of full days: every provider sees one after the other, and one in a thousand clashes."""
    dice, visits = Random(1), []
    for n in range(count):
        provider, slot = n % PROVIDERS, n // PROVIDERS
        start = BEGIN + timedelta(days=slot // 16, minutes=30 * (slot % 16) - (10 if dice.random() < 0.001 else 0))
        visits.append(
            Visit.model_construct(
                id=VisitId(f"v{n}"),
                patient_id=PatientId(f"pat-{dice.randrange(PATIENTS)}"),
                location_id=LocationId("main"),
                provider_id=ProviderId(f"provider-{provider}"),
                room_id=ResourceId(f"room-{provider}"),
                device_id=ResourceId(f"device-{provider}") if provider < 12 else None,
                start=start,
                end=start + timedelta(minutes=30),
                state=VisitState.FULFILLED,
            )
        )
    return visits


def only_sorted(visits: list[Visit]) -> int:
    """The least that any such rule must do: put each unit's visits in order of time."""
    units = ("patient_id", "provider_id", "room_id", "device_id")
    return sum(len(sorted(visits, key=lambda v, unit=unit: (getattr(v, unit) or "", v.start))) for unit in units)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="twenty thousand visits, in a second")
    is_small = parser.parse_args().small
    count, rounds = (20_000, 3) if is_small else (1_000_000, 1)
    visits = history(count)
    held = peak_gib()
    spent, sorting = [], []
    for _ in range(rounds):
        begin = perf_counter()
        overlaps = find_overlaps(visits)
        spent.append(perf_counter() - begin)
        begin = perf_counter()
        only_sorted(visits)
        sorting.append(perf_counter() - begin)
    rules, least = statistics.median(spent), statistics.median(sorting)
    print(f"{count} visits, {len(overlaps)} overlaps: {rules:.2f} s")
    print(f"sorting alone {least:.2f} s; ratio {rules / least:.2f}")
    print(f"memory: {peak_gib():.2f} GiB at most, {held:.2f} GiB with the visits alone")


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    main()
