"""Bulk Data exports of the sandbox: an order, a state that is asked for, files of a resource a line.

Each is what stood there when it was ordered. The first question finds it unfinished.
Source: HL7 Bulk Data Access 2.0.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from hub.connectors.kit.sandbox.storage import Storage

OFFER = {"name": "export", "definition": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"}


@dataclass(slots=True)
class Export:
    """One order."""

    at: datetime
    files: dict[str, list[str]]
    """Resource type → lines."""
    asked: int = 0


@dataclass(slots=True)
class Exports:
    """All that were ordered and not thrown away."""

    storage: Storage
    kept: dict[str, Export] = field(default_factory=dict)

    def order(self, types: list[str], now: datetime) -> str:
        """A new one; gives its id."""
        lines = {name: [json.dumps(one) for one in self.storage.current(name)] for name in types}
        id_ = uuid4().hex
        self.kept[id_] = Export(now, {name: found for name, found in lines.items() if found})
        return id_

    def is_ready(self, id_: str) -> bool:
        """From the second question on."""
        self.kept[id_].asked += 1
        return self.kept[id_].asked > 1

    def manifest(self, id_: str, base_url: str) -> dict[str, Any]:
        """What it consists of."""
        export = self.kept[id_]
        files = export.files.items()
        return {
            "transactionTime": export.at.isoformat(timespec="milliseconds"),
            "request": f"{base_url}$export",
            "requiresAccessToken": True,
            "output": [
                {"type": name, "url": f"{base_url}_export/{id_}/{name}.ndjson", "count": len(lines)}
                for name, lines in files
            ],
            "deleted": [],
            "error": [],
        }

    def lines(self, id_: str, file: str) -> Iterator[str]:
        """A file's lines."""
        for line in self.kept[id_].files[file.removesuffix(".ndjson")]:
            yield f"{line}\n"
