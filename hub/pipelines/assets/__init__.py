"""What the runs make: one asset for each system and record kind."""

from collections.abc import Mapping

import dagster as dg

from hub.canonical.ids import Kind

IN_ORDER = (Kind.LOCATION, Kind.PROVIDER, Kind.RESOURCE, Kind.SERVICE, Kind.PATIENT, Kind.VISIT)
"""What is referred to comes before what refers to it."""


def key_of(system: str, kind: Kind) -> dg.AssetKey:
    """`juniper-ehr/patients`."""
    return dg.AssetKey([system, f"{kind}s"])


def numbers(counts: Mapping[str, int]) -> dict[str, int]:
    """Metadata of an asset: numbers and nothing else, whatever was handed in."""
    return {name: int(count) for name, count in counts.items()}
