"""What the runs make: one asset for each system and record kind."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import dagster as dg

from hub.canonical.ids import Kind

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def key_of(system: str, kind: Kind) -> dg.AssetKey:
    """`juniper-ehr/patients`."""
    return dg.AssetKey([system, f"{kind}s"])


def numbers(result: "DataclassInstance") -> dict[str, int]:
    """The numbers among a result's fields, and nothing else of it: what Dagster keeps is read by many."""
    return {name: value for name, value in asdict(result).items() if type(value) is int}


def since_last_run(context: dg.AssetExecutionContext, in_all: int) -> dict[str, int]:
    """How many were done since the asset was made before, whoever did it: the windows of whoever serves are seen so."""
    before = context.instance.get_latest_materialization_event(context.asset_key)
    made = before.asset_materialization if before is not None else None
    known = made.metadata.get("in_all") if made is not None else None
    counted = known.value if isinstance(known, dg.IntMetadataValue) and known.value is not None else 0
    return {"since_last_run": max(0, in_all - counted), "in_all": in_all}
