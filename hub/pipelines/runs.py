"""A tracked run in this process."""

import os
import socket
import warnings
from dataclasses import dataclass

import dagster as dg

from hub.errors import InvalidInput, Problem

PROCESS = "hub/process"
"""The tag that says which process a run lives and dies with: `host:pid`."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that is over."""

    run_id: str
    success: bool
    """No step failed, and no check that blocks."""


def run(definitions: dg.Definitions, job: str, instance: dg.DagsterInstance, select: str = "*") -> Ran:
    """Run the selected assets of a job with their checks; the definitions' own logger tells each step as it ends.

    Args:
        definitions: what there is.
        job: the name of one of its jobs.
        instance: where the run is recorded.
        select: in Dagster's own words: `*`, `group:push`, `key:"juniper-ehr/*" or group:import`.

    Raises:
        InvalidInput: the selection selects nothing, or cannot be read.
    """
    chosen = sorted(_selected(definitions, select))
    bury_dead_runs(instance)
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        asset_selection=chosen,
        run_config={"loggers": {"progress": {}}},
        raise_on_error=False,
        tags=process_tags(),
    )
    return Ran(result.run_id, result.success)


def process_tags() -> dict[str, str]:
    """The tags of a run that this process makes."""
    return {PROCESS: f"{socket.gethostname()}:{os.getpid()}"}


def bury_dead_runs(instance: dg.DagsterInstance) -> None:
    """Mark the runs as failed whose process on this machine was killed: nobody else would."""
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
    for run_left in instance.get_runs(filters=unfinished):
        host, _, pid = run_left.tags.get(PROCESS, "").rpartition(":")
        if host == socket.gethostname() and not _lives(int(pid)):
            instance.report_run_failed(run_left, "The process that made this run was killed.")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _selected(definitions: dg.Definitions, select: str) -> set[dg.AssetKey]:
    graph = definitions.resolve_asset_graph()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # of Dagster's own making (1.13)
            chosen = set(dg.AssetSelection.from_string(select).required_multi_asset_neighbors().resolve(graph))
    except dg.DagsterError:
        hint = 'Write for example group:pull, key:"juniper-ehr/*" or *'
        raise InvalidInput(Problem(f"the selection {select!r} cannot be read", field="--select", hint=hint)) from None
    if not chosen:
        there = ", ".join(sorted(key.to_user_string() for key in graph.get_all_asset_keys()))
        raise InvalidInput(Problem(f"{select!r} selects nothing", field="--select", hint=f"There are: {there}"))
    return chosen
