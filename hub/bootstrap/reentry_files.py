"""The list of what people enter in the old system by hand: a CSV a kind, and a note of who signed for what."""

import json
import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from hub.operations.migration.go_back import WayBack
from hub.tables import write_csv

FIRST = ("what", "old_id", "hub_id", "patient", "start", "end", "service", "provider", "room", "location", "state")
"""The columns that whoever enters a row looks at first; the others follow by their names."""


def write_reentry_files(way_back: WayBack, folder: Path) -> tuple[Path, ...]:
    """Write them, readable by nobody else; what stood there is replaced. They are personal."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in dict.fromkeys(one.kind for one in way_back.entries):
        rows = [one.said for one in way_back.entries if one.kind is kind]
        stream = BytesIO()
        write_csv(stream, _columns(rows), rows)
        written.append(_write(folder / f"reentry-{kind}.csv", stream.getvalue()))
    note = {
        "signed_by": way_back.by,
        "signed_at": way_back.at.isoformat(),
        "records": len(way_back.entries),
        "sha256": way_back.digest,
    }
    written.append(_write(folder / "reentry.json", json.dumps(note, indent=2).encode() + b"\n"))
    return tuple(written)


def _columns(rows: Sequence[Mapping[str, str]]) -> list[str]:
    said = {name for row in rows for name in row}
    return [*(name for name in FIRST if name in said), *sorted(said.difference(FIRST))]


def _write(file: Path, content: bytes) -> Path:
    half = file.with_name(f".{file.name}.half")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    half.replace(file)
    return file
