"""Where a record came from: the other system's own words, kept unchanged (design: idea 6)."""

from datetime import datetime
from typing import Any, NamedTuple

from hub.canonical.ids import Kind


class SourceRef(NamedTuple):
    """A record of another system: `("legacy", Kind.PATIENT, "C10005")`."""

    system: str
    kind: Kind
    id: str


class SourceRecord(NamedTuple):
    """What a system sent, unchanged. A tuple, since millions are made.

    `payload` is the parsed JSON object, or the row of a file as column → text. It is personal as a whole.
    """

    ref: SourceRef
    payload: dict[str, Any]
    version: str | None = None
    """What the system calls this state of the record (`meta.versionId`, a modified stamp), if it says so."""
    modified_at: datetime | None = None
    file: str | None = None
    line: int | None = None
    """The line of `file` on which the row starts, counted from 1."""
    hub_id: str | None = None
    """The canonical id that the hub wrote into it, if the hub made the record there."""
    gone: bool = False
    """The system says that it does not have the record any more: the payload is what it said of that, or empty."""
    merged_into: str | None = None
    """The id of the system's record that this one became part of."""

    def __repr__(self) -> str:
        """Without the payload."""
        return f"SourceRecord({self.ref}, version={self.version!r}, file={self.file!r}, line={self.line!r})"

    @property
    def is_end(self) -> bool:
        """Whether it says what became of the record instead of what stands in it."""
        return self.gone or self.merged_into is not None
