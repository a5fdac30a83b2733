"""How long the timeless rules take over a million visits of the past, and how much memory; beside sorting alone.

python -m benchmarks.replay_history [--small]
"""

import argparse
import resource
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from time import perf_counter, process_time

from hub.canonical.ids import LocationId, PatientId, ProviderId, ResourceId, VisitId
from hub.canonical.records import Visit, VisitState
from hub.sync.conflicts import find_overlaps

BEGIN = datetime(2016, 1, 4, 9, tzinfo=UTC)
PROVIDERS, ROOMS, PATIENTS = 60, 80, 100_000


def history(count: int) -> Iterator[Visit]:
    """Ten years and more of full days: every provider sees one after the other, and one in a thousand clashes."""
    dice = Random(1)
    for n in range(count):
        provider, slot = n % PROVIDERS, n // PROVIDERS
        start = BEGIN + timedelta(days=slot // 16, minutes=30 * (slot % 16) - (10 if dice.random() < 0.001 else 0))
        yield Visit.model_construct(
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


def only_sorted(visits: Iterable[Visit]) -> int:
    """The least that any such rule must do: put each unit's visits in order of time."""
    units = ("patient_id", "provider_id", "room_id", "device_id")
    told = [(visit.start, *(getattr(visit, unit) or "" for unit in units)) for visit in visits]
    return sum(len(sorted(told, key=lambda row, at=at: (row[at], row[0]))) for at in range(1, 5))


def seconds(call: Callable[[], object]) -> tuple[float, object]:
    """How much of the processor's time a call took, and what it gave."""
    begin = process_time()
    given = call()
    return process_time() - begin, given


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="twenty thousand visits, in a second")
    count = 20_000 if parser.parse_args().small else 1_000_000
    for part in (count // 4, count // 2, count):
        making, _ = seconds(lambda part=part: sum(1 for _ in history(part)))
        begin = perf_counter()
        rules, overlaps = seconds(lambda part=part: find_overlaps(history(part)))
        wall = perf_counter() - begin
        print(f"{part:8} visits, {len(overlaps):5} overlaps: {rules - making:6.2f} s and {making:.2f} s of making them "
              f"({wall:.2f} s by the clock); {peak_gib():.2f} GiB at most")  # fmt: skip
    sorting, _ = seconds(lambda: only_sorted(history(count)))
    print(f"sorting alone {sorting - making:.2f} s; ratio {(rules - making) / (sorting - making):.2f}")


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    main()
