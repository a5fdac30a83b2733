"""Tables for records as real vendors shape them, and a record of each: `vendors/<vendor>/<record>.yaml` and `.json`."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hub.mapping.apply import TwoWay, read_mapping
from hub.mapping.codes import CodeTable
from hub.mapping.spec import read_codes

VENDORS = Path(__file__).parent / "vendors"


@cache
def vendor_codes() -> Mapping[str, CodeTable]:
    """Their code tables."""
    return {file.stem: read_codes(file.read_text("utf-8"), file.name) for file in (VENDORS / "codes").glob("*.yaml")}


@cache
def vendor_tables() -> Mapping[str, TwoWay]:
    """By `vendor/record`."""
    files = sorted(file for file in VENDORS.glob("*/*.yaml") if file.parent.name != "codes")
    return {f"{file.parent.name}/{file.stem}": _table(file) for file in files}


def _table(file: Path) -> TwoWay:
    return read_mapping(file.read_text("utf-8"), f"{file.parent.name}/{file.name}", vendor_codes())


def vendor_record(name: str) -> dict[str, Any]:
    """The record beside a table."""
    found: dict[str, Any] = json.loads((VENDORS / f"{name}.json").read_text("utf-8"))
    return found
