"""What happens when a stream's records take another shape than they had."""

from typing import Literal

from pydantic import Field

from hub.connectors.kit.spec.declared import Declared

Reaction = Literal["note", "quarantine", "stop"]
"""`note`: a person is told, once; `quarantine`: the record waits for a person; `stop`: the stream does."""


class Drift(Declared):
    """A stream that says `drift` has a contract: what its first records held, and what is declared here."""

    new_field: Reaction = "note"
    changed_type: Reaction = "quarantine"
    new_code: Reaction = "quarantine"
    """Of the paths under `codes`. A code without a meaning is besides what the mapping table's `unknown` says."""
    types: dict[str, Literal["text", "number", "yes_no", "list", "object"]] = Field(default_factory=dict)
    """Path → what stands there, from the first record on: `price: number`, `lines[].sku: text`."""
    codes: dict[str, tuple[str | int | bool, ...]] = Field(default_factory=dict)
    """Path → the codes that are known there; with none, those of the first records."""
    learn: int = Field(default=100, ge=0)
    """From so many records the contract is learned; until then nothing has drifted but from what is declared."""
