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
