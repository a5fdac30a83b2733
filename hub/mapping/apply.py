"""Tables compiled to closures, once; then `decode` and `encode`, any number of times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from pydantic import ValidationError

from hub.canonical.ids import Kind, derive
from hub.canonical.records import Canonical
from hub.canonical.source import SourceRecord
from hub.errors import RecordRejected
from hub.mapping.codecs.codec import Json
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context
from hub.mapping.reading import Decoded, Findings, Reader, reader
from hub.mapping.spec import MODELS, Direction, Table, read_table
from hub.mapping.writing import Draft, Writer, writer

__all__ = ["Decoded", "TwoWay", "decode", "encode", "read_mapping"]


@dataclass(frozen=True, slots=True)
class TwoWay:
    """A compiled table. Make it once with `read_mapping`; use it through `decode` and `encode`."""

    table: Table = field(repr=False)
    readers: tuple[tuple[str, Reader], ...] = field(repr=False)
    writers: tuple[tuple[str, bool, Writer], ...] = field(repr=False)
    """Field, whether only when the record is made, and how."""

    fingerprint: str
    """Of the table and the code tables it was read with: the same text reads the same records."""

    @property
    def kind(self) -> Kind:
        """The canonical kind."""
        return self.table.spec.record


def read_mapping(text: str, file: str, codes: Mapping[str, CodeTable]) -> TwoWay:
    """A mapping file, checked and compiled.

    Raises:
        InvalidInput: with a problem (file, line, key) for each place that is wrong.
    """
    table = read_table(text, file, codes)
    readers = tuple((p.name, reader(p)) for p in table.fields if p.spec.direction is not Direction.WRITE)
    writers = tuple(
        (p.name, p.spec.direction is Direction.CREATE, writer(p))
        for p in table.fields
        if p.places and p.spec.direction is not Direction.READ
    )
    return TwoWay(table, readers, writers, _fingerprint(text, codes))


def _fingerprint(text: str, codes: Mapping[str, CodeTable]) -> str:
    tables = (f"{name}:{codes[name].model_dump_json()}" for name in sorted(codes))
    return sha256("\n".join([text, *tables]).encode()).hexdigest()


def decode(mapping: TwoWay, source: SourceRecord, context: Context) -> Decoded:
    """A vendor record as the hub's, or the problems. Raises nothing, whatever the payload holds.

    Its id is the linked one, or, at first sight, the one derived from the source's.
    """
    findings = Findings(source)
    payload = source.payload
    values = {name: read(payload, context, findings) for name, read in mapping.readers}
    if findings.problems:
        return findings.decoded(None)
    ref, kind = source.ref, mapping.kind
    values["id"] = context.links.canonical_id(kind, ref.id) or derive(kind, ref.system, ref.id)
    try:
        record = MODELS[kind].model_validate(values)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            findings.of_model(mapping.table, found["loc"], found["msg"])
        return findings.decoded(None)
    return findings.decoded(record)  # type: ignore[arg-type]


def encode(
    mapping: TwoWay, record: Canonical, context: Context, onto: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """The hub's record as the vendor should hold it.

    Args:
        mapping: the table.
        record: of the table's kind.
        context: zone and links of the vendor.
        onto: the vendor's record as last seen, to change it: what the table does not name stays, what already says the
            same stays as it is written. None: the record is made.

    Raises:
        RecordRejected: a required value is missing or a value has no form at the vendor.
    """
    draft = Draft(mapping.table, onto)
    for place, value in mapping.table.constants:
        draft.put(place, value, place.text)
    for name, only_new, write in mapping.writers:
        if not (only_new and onto is not None):
            write(getattr(record, name), context, draft)
    if draft.problems:
        raise RecordRejected(*draft.problems)
    return draft.payload
