"""The engine against brute force for as long as you like: `python -m tests.properties.scheduling.compare [WHAT]`.

A practice is drawn from each seed. Of `openings` it is asked for every opening of a day or two, and for the reasons of
six bookings and more; of the others see their tests. How far it got is kept in a file: the same command goes on there
after it was ended. `--first` starts elsewhere, with a file of its own. It ends with 1 when the two disagreed anywhere.
"""

import argparse
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.properties.scheduling import (
    test_engine_agrees_with_oracle,
    test_facts_make_way,
    test_life_agrees_with_oracle,
    test_series_agrees_with_oracle,
    test_waitlist_agrees_with_oracle,
)

WHAT = {
    "openings": test_engine_agrees_with_oracle.disagreement,
    "series": test_series_agrees_with_oracle.disagreement,
    "life": test_life_agrees_with_oracle.disagreement,
    "waitlist": test_waitlist_agrees_with_oracle.disagreement,
    "facts": test_facts_make_way.disagreement,
}
BATCH = 50


def compare(what, seeds):
    """What the two say differently about the practices of some seeds; an engine that breaks down disagrees."""
    return [found for seed in seeds if (found := judged(what, seed)) is not None]


def judged(what, seed):
    try:
        return WHAT[what](seed)
    except Exception as error:  # noqa: BLE001 - whatever it is: the rest of a long run is worth having
        return f"seed {seed}: {type(error).__name__}: {error}"


class Kept:
    """How far a comparison got, in a file that is always whole."""

    def __init__(self, path, what, first):
        self.path, self.what, self.first = path, what, first
        self.done, self.disagreements = 0, []
        if path.exists():
            told = json.loads(path.read_text())
            self.done, self.disagreements = told["done"], told["disagreements"]

    def add(self, count, found):
        self.done += count
        self.disagreements += found
        told = {"what": self.what, "first": self.first, "done": self.done, "disagreements": self.disagreements}
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(told, indent=1))
        beside.replace(self.path)


def batches(kept, runs):
    """The seeds still to come, in order."""
    for start in range(kept.done, runs, BATCH):
        yield range(kept.first + start, kept.first + min(start + BATCH, runs))


def run(kept, runs, processes, progress):
    """Compare in other processes; batches are kept in the order of their seeds, so that none is left out."""
    bar = progress.add_task(kept.what, total=runs, completed=kept.done)
    waiting, ahead = [], batches(kept, runs)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        while True:
            more = islice(ahead, processes * 2 - len(waiting))
            waiting += [(len(seeds), pool.submit(compare, kept.what, seeds)) for seeds in more]
            if not waiting:
                return
            count, future = waiting.pop(0)
            found = future.result()
            kept.add(count, found)
            for text in found:
                progress.console.print(text, markup=False)
            progress.update(bar, completed=kept.done)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=WHAT, default="openings")
    parser.add_argument("--runs", type=int, default=1_000_000, help="how many practices in all")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--kept", type=Path, help="where it is written down how far it got")
    given = parser.parse_args()
    path = given.kept or Path(f".hub/compared-{given.what}-{given.first}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = Kept(path, given.what, given.first)
    columns = [TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=Console(stderr=True)) as progress:
        run(kept, given.runs, given.processes, progress)
    print(f"{kept.done} practices from seed {kept.first} on: {len(kept.disagreements)} disagreements. ({path})")
    sys.exit(1 if kept.disagreements else 0)


if __name__ == "__main__":
    main()
