"""The demo's one screen of results: counts, conflicts, times, and where to look."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer

from hub.bootstrap import Hub
from hub.cli.demo_booking import DemoBooking
from hub.operations.pull_changes import PullResult
from hub.settings import Settings
from hub.store.overview import Overview

IDENTIFIER = "urn:medspa-hub:visit"
WIDTH = 78


@dataclass
class Round:
    """What the round did, and how long each step took."""

    times: dict[str, float] = field(default_factory=dict)
    booked: DemoBooking | None = None
    again: PullResult | None = None

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Say what begins, and keep how long it took."""
        typer.secho(f"\n{len(self.times) + 1}. {title}", bold=True)
        began = time.monotonic()
        yield
        self.times[title] = time.monotonic() - began


def show(hub: Hub, settings: Settings, done: Round) -> None:
    """Print the screen."""
    typer.secho(f"\n{hub.folder.practice.name}: the round is done in {sum(done.times.values()):.0f} s", bold=True)
    typer.echo("\N{BOX DRAWINGS LIGHT HORIZONTAL}" * WIDTH)
    for line in _lines(hub, settings, done, hub.overview()):
        typer.echo(line)
    typer.echo("\N{BOX DRAWINGS LIGHT HORIZONTAL}" * WIDTH)


def _lines(hub: Hub, settings: Settings, done: Round, overview: Overview) -> Iterator[str]:
    for connection in hub.folder.connections.values():
        yield from _system(connection.system, overview)
    yield from _history(overview)
    waiting = ", ".join(f"{number} {kind[0].replace('_', ' ')}" for kind, number in overview.issues.items())
    yield f"Conflicts      {f'{waiting}: kept, marked, and listed for a person' if waiting else 'none'}"
    yield from _booking(settings, done)
    times = (f"{number}. {taken:.1f} s" for number, taken in enumerate(done.times.values(), 1))
    yield f"Times          {', '.join(times)}"
    yield from _where(settings, done)


def _system(system: str, overview: Overview) -> Iterator[str]:
    linked = {kind: number for (name, kind), number in overview.linked.items() if name == system}
    yield f"{system:14} " + (", ".join(f"{number} {kind}s" for kind, number in linked.items()) or "nothing")


def _history(overview: Overview) -> Iterator[str]:
    """Every row of the old system's files: read = loaded + merged + quarantined."""
    files: dict[str, dict[str, int]] = {}
    reasons: dict[str, int] = {}
    for (_, file, verdict, reason), number in overview.dispositions.items():
        verdicts = files.setdefault(file, {})
        verdicts[verdict] = verdicts.get(verdict, 0) + number
        if verdict == "quarantined":
            reasons[reason] = reasons.get(reason, 0) + number
    for file, verdicts in files.items():
        yield f"  {file:18} {sum(verdicts.values()):4} rows = {_sum_of(verdicts)}"
    yield f"  quarantined for    {', '.join(f'{reason} {number}' for reason, number in reasons.items())}"


def _sum_of(verdicts: Mapping[str, int]) -> str:
    return " + ".join(f"{number} {verdict}" for verdict, number in verdicts.items())


def _booking(settings: Settings, done: Round) -> Iterator[str]:
    assert done.booked is not None
    assert done.again is not None
    visit, zone = done.booked.visit, done.booked.zone
    yield f"Booked         {visit.id} on {visit.start.astimezone(zone):%a %d %b at %H:%M}"
    found = _appointments(settings, visit.id)
    yield f"In the EMR     {found} Appointment with its identifier; the next pull recognised {done.again.recognised}"


def _appointments(settings: Settings, visit_id: str) -> int:
    with urllib.request.urlopen(_address(settings, visit_id), timeout=60) as answer:  # noqa: S310 (our own sandbox)
        return int(json.load(answer)["total"])


def _address(settings: Settings, visit_id: str) -> str:
    query = urllib.parse.urlencode({"identifier": f"{IDENTIFIER}|{visit_id}"}, safe="|:")
    return f"http://127.0.0.1:{settings.sandbox_port}/Appointment?{query}"


def _where(settings: Settings, done: Round) -> Iterator[str]:
    assert done.booked is not None
    visit, zone = done.booked.visit, done.booked.zone
    board = f"http://{settings.host}:{settings.port}"
    on = visit.start.astimezone(zone).date()
    yield f"Where to look  the booked day   {board}/board?location={visit.location_id}&date={on}"
    yield f"               for a person     {board}/issues"
    yield f"               in the EMR       {_address(settings, visit.id)}"
    yield f"               the tracked runs make up, then Dagster's web UI at http://127.0.0.1:{settings.dagster_port}"
    yield f"               the data         {settings.home.resolve()} (remove it to start afresh)"
