"""Telling what comes back from what is new: a system's record that is exactly what it confirmed to the hub."""

from collections.abc import Mapping
from hashlib import sha256
from json import dumps
from typing import Any


def payload_hash(payload: Mapping[str, Any]) -> str:
    """The same for the same JSON object, in whatever order its keys stand."""
    return sha256(dumps(payload, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
