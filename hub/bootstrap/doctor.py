"""`hub doctor`: everything that must be right for the hub to run, looked at in one go. Nothing is changed.

With the embedded PostgreSQL the database is started and migrated, as every command does it.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from hub.bootstrap.broker import ask_broker
from hub.bootstrap.checking import check_connection
from hub.bootstrap.databases import open_database
from hub.bootstrap.practice_folder import PracticeFolder, check_practice_folder
from hub.documents import parse
from hub.errors import HubError
from hub.operations.page_plan import INCOMPLETE, REJECTED
from hub.ports.checks import Check, Level, fail, failures, ok, warn
from hub.settings import Settings
from hub.store.engine import application_engine
from hub.store.health import Awaiting, Health, Server, Waiting, load_health, look_at_server
from hub.store.unit_of_work import SqlStore

GIB = 1024**3
LITTLE_ROOM, NO_ROOM = 5 * GIB, GIB // 2
CLOCKS_APART = 2.0
"""Seconds: the database's clock decides what is due, this machine's signs tokens and judges signatures."""
_SECRET_FILES = ("secrets.yaml", "secrets.json", "*.pem", "*.key")


def examine(settings: Settings, *, ask: bool = True) -> Iterator[Check]:
    """A line for each thing, in the order in which to mend what is wrong.

    Args:
        settings: of this process.
        ask: also ask the connected systems.
    """
    yield _settings(settings)
    yield _disk(settings.home)
    folder = None
    try:
        folder = check_practice_folder(settings)
    except HubError as error:
        yield from failures("practice folder", error)
    else:
        systems = len(folder.connections)
        yield ok("practice folder", f"{settings.practice}: {systems} {_many('connection', systems)}, nothing is wrong")
        yield from _open_files(settings.practice)
    yield from _database(settings, folder)
    yield _dagster(settings.dagster_home)
    if settings.broker_url is not None:
        yield _broker(settings.broker_url)
    for system in sorted(folder.connections) if folder is not None and ask else ():
        assert folder is not None
        yield from _connection(settings, folder, system, _today(folder))


def _settings(settings: Settings) -> Check:
    said = [name for name in os.environ if name.startswith("HUB_") and name[4:].lower() in type(settings).model_fields]
    return ok("settings", f"read; {', '.join(sorted(said)) or 'no HUB_ variable'} set")


def _disk(home: Path) -> Check:
    there = next(one for one in (home.resolve(), *home.resolve().parents) if one.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / GIB:.1f} GiB free at {there}"
    if free < NO_ROOM:
        return fail("disk", said, "Make room: PostgreSQL stops when there is none")
    return warn("disk", said, "Make room before it runs out") if free < LITTLE_ROOM else ok("disk", said)


def _open_files(folder: Path) -> Iterator[Check]:
    """Files that hold secrets and that others may read, also those that no connection names yet."""
    found = [file for pattern in _SECRET_FILES for file in sorted(folder.rglob(pattern)) if file.is_file()]
    for file in found:
        if file.stat().st_mode & 0o077:
            yield fail("secrets' files", f"others may read {file}", f"chmod 600 {file}")
    if not any(file.stat().st_mode & 0o077 for file in found):
        yield ok("secrets' files", f"{len(found)}, closed to others" if found else "none in the practice folder")


def _database(settings: Settings, folder: PracticeFolder | None) -> Iterator[Check]:
    with ExitStack() as stack:
        try:
            engine = application_engine(stack.enter_context(open_database(settings)))
        except HubError as error:
            yield from failures("database", error)
            return
        stack.callback(engine.dispose)
        yield from _server(look_at_server(engine), datetime.now(UTC), settings)  # noqa: TID251 - it is this clock
        if folder is not None:
            yield _in_force(engine, folder)
        yield from _health(load_health(engine))


def _server(server: Server, at: datetime, settings: Settings) -> Iterator[Check]:
    whose = "the one of HUB_DATABASE_URL" if settings.database_url else "the hub's own"
    yield ok("database", f"{server.version}, {whose}; its schema is this version's")
    if server.is_super or server.may_rewrite:
        said = "is a superuser" if server.is_super else "may change what the audit says"
        yield fail(
            "role", f"{server.role} {said}", "Run `hub database migrate`; take from hub_app what it does not grant"
        )
    elif server.closed:
        yield fail("role", f"{server.role} may not read {', '.join(server.closed[:5])}", "Run `hub database migrate`")
    else:
        yield ok("role", f"works as {server.role}, which cannot change what the audit says")
    apart = abs((server.at - at).total_seconds())
    if apart > CLOCKS_APART:
        hint = "Let both machines' clocks run by NTP"
        yield warn("clock", f"the database's is {apart:.0f} s away from this machine's", hint)
    else:
        yield ok("clock", "the database's is this machine's")


def _in_force(engine: Engine, folder: PracticeFolder) -> Check:
    with SqlStore(engine).begin("doctor") as work:
        applied = work.practices.find_in_force().practice
    if applied is None:
        return warn("practice in force", "none yet", "Run `hub config plan`, then `hub config apply`")
    if applied.text != folder.text:
        return warn(
            "practice in force", "not what practice.yaml says now", "Run `hub config plan`, then `hub config apply`"
        )
    return ok("practice in force", "what practice.yaml says")


def _health(health: Health) -> Iterator[Check]:
    for box, replay in (("outbox", "hub replay dead {system}"), ("inbox", "hub replay events {system}")):
        yield from _box(box, [one for one in health.waiting if one.box == box], replay)
    yield from _awaiting(health.awaiting)
    for system, kind in health.stopped:
        hint = f"Look there; if it is right: hub sync {system} --accept-mass-change --role ROLE --reason WHY"
        yield fail("feeds", f"{system} {kind}: stopped, it would change too much at once", hint)
    if not health.stopped:
        yield ok("feeds", "none is stopped")
    if health.undecided_long:
        hint = "Run `hub reconcile`; what stays: `hub settle`"
        yield warn("undecided", f"{health.undecided_long} for more than 15 minutes", hint)
    else:
        yield ok("undecided", f"{health.undecided or 'nothing'} waits for another system's word")
    kept_back = health.issues.get(REJECTED, 0) + health.issues.get(INCOMPLETE, 0)
    if kept_back:
        hint = "See `hub issues --kind rejected_record`; after mending: `hub replay quarantine NAME`"
        yield warn("quarantine", f"{kept_back} {_many('record', kept_back)} could not be taken", hint)
    else:
        yield ok("quarantine", "empty")
    others = sum(health.issues.values()) - kept_back - len(health.stopped)
    yield (
        warn("issues", f"{others} wait for a person", "`hub issues` lists them")
        if others
        else ok("issues", "none open")
    )


def _box(box: str, waiting: list[Waiting], replay: str) -> Iterator[Check]:
    wrong = False
    for one in waiting:
        said = f"{one.system}: {one.number} "
        if one.state == "dead":
            yield warn(box, f"{said}given up", f"See why and send again: {replay.format(system=one.system)}")
        elif one.is_stuck:
            yield warn(box, f"{said}taken and never finished", f"Run `hub sync {one.system}`: it takes them up again")
        elif one.is_late:
            yield warn(box, f"{said}due for more than 15 minutes", f"Is `hub serve` running? Or: hub sync {one.system}")
        else:
            continue
        wrong = True
    if not wrong:
        number = sum(one.number for one in waiting)
        yield ok(box, f"{number} on the way" if number else "empty")


def _awaiting(awaiting: Sequence[Awaiting]) -> Iterator[Check]:
    """Halves of joined records: nobody is asked to look at one, so that what never comes would stay unseen."""
    for one in awaiting:
        if one.is_old:
            said = f"{one.system} {one.kind}: {one.number} since {one.since:%Y-%m-%d} ({', '.join(one.first)}"
            said += ", …)" if one.number > len(one.first) else ")"
            hint = "What they belong to never came: `hub sync` the system that it joins, and see in `hub issues` "
            hint += "and that table's filters why not; what belongs to nobody, strike there"
            yield warn("joined records", said, hint)
    if not any(one.is_old for one in awaiting):
        number = sum(one.number for one in awaiting)
        yield ok("joined records", f"{number} wait for what they belong to" if number else "none waits")


def _dagster(home: Path) -> Check:
    """Without Dagster, whose import takes seconds: its instance is a folder with a file."""
    file = home / "dagster.yaml"
    if not file.exists():
        return ok("dagster", "not used yet; its first run makes its instance")
    try:
        said = parse(file.read_text(encoding="utf-8"), str(file)).value
    except (HubError, OSError, UnicodeDecodeError):
        return fail("dagster", f"{file} cannot be read", "Mend it, or move it away: the next run writes a new one")
    if not os.access(home, os.W_OK):
        return fail("dagster", f"{home} cannot be written to", "Give it to the account that runs the hub")
    if not isinstance(said, dict) or said.get("telemetry", {}).get("enabled") is not False:
        return warn("dagster", "its telemetry is not off", f"Say telemetry: {{enabled: false}} in {file}")
    return ok("dagster", f"its instance is {home}")


def _broker(url: str) -> Check:
    """Its address is not told: it may hold a password."""
    try:
        said = ask_broker(url)
    except (OSError, ValueError) as error:
        hint = "Start Redis there, or mend the address; without HUB_BROKER_URL this machine does all by itself"
        return fail("broker", f"that of HUB_BROKER_URL does not answer ({type(error).__name__})", hint)
    if said.startswith(("NOAUTH", "WRONGPASS", "ERR AUTH")):
        return fail("broker", "that of HUB_BROKER_URL refuses the password", "Write redis://:PASSWORD@HOST:6379/0")
    if said != "PONG":
        return fail(
            "broker", "what answers at HUB_BROKER_URL is no Redis that works", "Mend the address, or look there"
        )
    return ok("broker", "that of HUB_BROKER_URL answers")


def _connection(settings: Settings, folder: PracticeFolder, system: str, today: date) -> Iterator[Check]:
    """What is not well, or one line that all is."""
    checks = list(check_connection(settings, folder, system, today))
    for one in checks:
        if one.level is not Level.OK:
            yield Check(f"{system}: {one.about}", one.level, one.message, one.hint, one.may_pass)
    if all(one.level is Level.OK for one in checks):
        yield ok(system, f"answers; {len(checks)} things looked at")


def _today(folder: PracticeFolder) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(folder.practice.zone)).date()  # noqa: TID251 - no database may be there


def _many(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"
