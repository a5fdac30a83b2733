"""A tracked run in this process."""

import warnings
from dataclasses import dataclass

import dagster as dg

from hub.errors import InvalidInput, Problem


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
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        asset_selection=chosen,
        run_config={"loggers": {"progress": {}}},
        raise_on_error=False,
    )
    return Ran(result.run_id, result.success)


def _selected(definitions: dg.Definitions, select: str) -> set[dg.AssetKey]:
    graph = definitions.resolve_asset_graph()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # of Dagster's own making (1.13)
            chosen = set(dg.AssetSelection.from_string(select).resolve(graph))
    except dg.DagsterError:
        hint = 'Write for example group:pull, key:"juniper-ehr/*" or *'
        raise InvalidInput(Problem(f"the selection {select!r} cannot be read", field="--select", hint=hint)) from None
    if not chosen:
        there = ", ".join(sorted(key.to_user_string() for key in graph.get_all_asset_keys()))
        raise InvalidInput(Problem(f"{select!r} selects nothing", field="--select", hint=f"There are: {there}"))
    return chosen
