"""`hub demo`: one practice, the whole round, told as it happens."""

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
    from hub.cli.serving import environment_of, start_board
    from hub.settings import read_settings

    settings = as_demo(read_settings())
    require_free_port(settings.port, "HUB_PORT")
    require_free_port(settings.sandbox_port, "HUB_SANDBOX_PORT")
    folder = read_practice_folder(settings)
    done = Round()
    with ExitStack() as stack:
        with done.step("Start PostgreSQL, a FHIR server that plays the practice's EMR, and the day board"):
            processes = stack.enter_context(Processes(settings.home / "log", environment_of(settings)))
            start_sandbox(settings, processes)
            hub = stack.enter_context(open_hub(settings, folder))
            hub.apply_practice()
            start_board(settings, processes)
        _go_round(hub, processes, done)
        show(hub, settings, done)
        if not once:
            typer.echo("Ctrl-C stops.")
            processes.wait()


def is_demo(settings: "Settings") -> bool:
    """Whether the practice is the demo's, whose EMR the sandbox plays."""
    return settings.practice.resolve() == as_demo(settings).practice.resolve()


def as_demo(settings: "Settings") -> "Settings":
    """The same for the demo's practice and its sandbox; what is to be told waits for the tracked run."""
    from hub.settings import PROJECT

    urls = {**settings.connection_urls, EMR: f"http://127.0.0.1:{settings.sandbox_port}"}
    return settings.model_copy(
        update={"practice": PROJECT / "examples" / "juniper", "connection_urls": urls, "exchange_seconds": 0}
    )


def start_sandbox(settings: "Settings", processes: Processes) -> None:
    """Start the EMR of the demo, with the data it had."""
    address = f"http://127.0.0.1:{settings.sandbox_port}"
    data = "--data", str(settings.home / "sandbox.sqlite"), "--seed"
    program = "hub.connectors.kit.sandbox.fhir"
    processes.start("sandbox", program, "--port", str(settings.sandbox_port), *data, ready_url=f"{address}/metadata")
    typer.echo(f"EMR sandbox   {address}/")


def _go_round(hub: "Hub", processes: Processes, done: "Round") -> None:
    from hub.canonical.ids import Kind
    from hub.cli.demo_booking import book_one

    with done.step("Pull from the EMR, import the legacy export, prove the history (a tracked Dagster run)"):
        _run_pipelines(processes, "*")
    with done.step("Book a laser visit through the scheduling engine"):
        done.booked = book_one(hub, EMR, typer.echo)
    with done.step("Push it to the EMR (a tracked Dagster run)"):
        _run_pipelines(processes, "group:push")
    with done.step("Pull once more: what we wrote is recognised as our own"):
        done.again = hub.pull(EMR, Kind.VISIT)
        typer.echo(f"  {done.again.recognised} recognised, {done.again.inserted} new")


def _run_pipelines(processes: Processes, select: str) -> None:
    if processes.run("hub.pipelines", "run", "--select", select):
        hint = "What failed stands above; `make up` shows the run in Dagster's web UI"
        raise HubError(Problem("the pipelines' run failed", hint=hint))
