"""What a connected system holds, as files that a migration reads: one snapshot, whatever moves there afterwards."""

import json
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from hub.canonical.ids import Kind
from hub.errors import NeedsAttention, Problem
from hub.ports import Source

Progress = Callable[[Kind, int], None]
"""What is read, and how many records of it so far."""


def fetch_history(source: Source, kinds: Collection[Kind], folder: Path, progress: Progress) -> dict[Path, int]:
    """Write every record of these kinds as it stands there, a kind a file `KIND.ndjson`, a record a line.

    A record that breaks its system's contract is written, too: the migration quarantines it. A file stands whole or
    not at all; what stood there is replaced. The files are personal, and readable by nobody else.

    Returns:
        Each file, and how many records are in it.

    Raises:
        RetryLater: the system went away; what is whole stays.
        NeedsAttention: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return {
            folder / f"{kind}.ndjson": _write(folder / f"{kind}.ndjson", _payloads(source, kind, progress))
            for kind in kinds
        }
    except OSError as error:
        raise NeedsAttention(Problem(f"cannot be written: {error.strerror}", file=str(folder))) from None


def _payloads(source: Source, kind: Kind, progress: Progress) -> Iterator[Any]:
    count = 0
    for page in source.read(kind, None):
        records = [*(one for one in page.records if not one.gone), *(one.record for one in page.rejected)]
        yield from (one.payload for one in records)
        count += len(records)
        progress(kind, count)


def _write(file: Path, payloads: Iterator[Any]) -> int:
    half, count = file.with_name(f".{file.name}.half"), 0
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        for payload in payloads:
            stream.write(json.dumps(payload, ensure_ascii=False) + "\n")
            count += 1
        stream.flush()
        os.fsync(stream.fileno())
    half.replace(file)
    return count
