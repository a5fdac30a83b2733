"""`hub demo`: one practice, the whole round, told as it happens."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.processes import Processes, require_free_port
from hub.errors import HubError, Problem

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.cli.demo_results import Round
    from hub.settings import Settings

EMR = "juniper-ehr"
"""The connection of the demo's practice whose FHIR server the sandbox plays."""


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the round instead of serving.")] = False,
) -> None:
    """Bring up the demo practice and do the whole round on it, then serve it until Ctrl-C."""
    from hub.bootstrap import open_hub, read_practice_folder
    from hub.cli.demo_results import Round, show
    from hub.cli.serving import serve_board
    from hub.settings import Settings

    settings = _of_demo(Settings())
    require_free_port(settings.host, settings.port, "HUB_PORT")
    require_free_port("127.0.0.1", settings.sandbox_port, "HUB_SANDBOX_PORT")
    folder = read_practice_folder(settings)
    done = Round()
    with ExitStack() as stack:
        with done.step("Start PostgreSQL, and a FHIR server that plays the practice's EMR"):
            processes = stack.enter_context(Processes(settings.home / "log"))
            _start_sandbox(settings, processes)
            hub = stack.enter_context(open_hub(settings, folder))
            hub.apply_practice()
        _go_round(hub, settings, done)
        show(hub, settings, done)
        if not once:
            serve_board(hub, settings)


def _of_demo(settings: "Settings") -> "Settings":
    from hub.settings import PROJECT

    urls = {**settings.connection_urls, EMR: f"http://127.0.0.1:{settings.sandbox_port}"}
    return settings.model_copy(update={"practice": PROJECT / "examples" / "juniper", "connection_urls": urls})


def _start_sandbox(settings: "Settings", processes: Processes) -> None:
    arguments = ["--port", str(settings.sandbox_port), "--data", str(settings.home / "sandbox.sqlite"), "--seed"]
    ready = f"http://127.0.0.1:{settings.sandbox_port}/metadata"
    processes.start("sandbox", ["hub.connectors.kit.sandbox.fhir", *arguments], ready, os.environ)


def _go_round(hub: "Hub", settings: "Settings", done: "Round") -> None:
    from hub.canonical.ids import Kind
    from hub.cli.demo_booking import book_one

    with done.step("Pull from the EMR, import the legacy export, prove the history (a tracked Dagster run)"):
        _run_pipelines(settings, "*")
    with done.step("Book: a laser visit, through the scheduling engine"):
        done.booked = book_one(hub, EMR, typer.echo)
    with done.step("Push it to the EMR (a tracked Dagster run)"):
        _run_pipelines(settings, "group:push")
    with done.step("Pull once more: what we wrote is recognised as our own"):
        done.again = hub.pull(EMR, Kind.VISIT)
        typer.echo(f"  {done.again.recognised} recognised, {done.again.inserted} new")


def _run_pipelines(settings: "Settings", select: str) -> None:
    command = [sys.executable, "-m", "hub.pipelines", "run", "--select", select]
    if subprocess.run(command, check=False, env=_environment(settings)).returncode:  # noqa: S603 (our own module)
        hint = "What failed stands above; `make up` shows the run in Dagster's web UI"
        raise HubError(Problem("the pipelines' run failed", hint=hint))


def _environment(settings: "Settings") -> Mapping[str, str]:
    import json

    chosen = {
        "HUB_HOME": str(settings.home.resolve()),
        "HUB_PRACTICE": str(settings.practice),
        "HUB_CONNECTION_URLS": json.dumps(settings.connection_urls),
    }
    return {**os.environ, **chosen}
