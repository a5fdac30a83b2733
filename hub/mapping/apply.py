"""Tables compiled to closures, once; then `decode` and `encode`, any number of times."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from pydantic import ValidationError

from hub.canonical.ids import Kind, derive
from hub.canonical.records import MODELS, Canonical
from hub.canonical.source import SourceRecord
from hub.errors import RecordRejected
from hub.mapping.checking import read_table
from hub.mapping.codecs.codec import Json
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context
from hub.mapping.joins import AskedFor
from hub.mapping.reading import Decoded, Findings, Reader, reader
from hub.mapping.spec import Direction, Table
from hub.mapping.split import around, put_back, split, view_of
from hub.mapping.writing import Draft, Writer, shared_places, writer

__all__ = ["Decoded", "TwoWay", "decode", "decode_all", "encode", "key_joined", "read_mapping", "records_of", "view"]


@dataclass(frozen=True, slots=True)
class TwoWay:
    """A compiled table. Make it once with `read_mapping`; use it through the functions below."""

    table: Table = field(repr=False)
    readers: tuple[tuple[str, Reader], ...] = field(repr=False)
    joint_readers: tuple[tuple[tuple[str, ...], Reader], ...] = field(repr=False)
    """Of codecs that fill several fields."""
    writers: tuple[tuple[tuple[str, ...], Writer], ...] = field(repr=False)
    fingerprint: str
    """Of the table and the code tables it was read with: the same text reads the same records."""
    text: str = field(default="", repr=False)
    """As it was read."""

    @property
    def kind(self) -> Kind:
        """The canonical kind."""
        return self.table.spec.record

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical fields that the table speaks of."""
        return tuple(name for plan in self.table.fields for name in plan.names)


def read_mapping(text: str, file: str, codes: Mapping[str, CodeTable]) -> TwoWay:
    """A mapping file, checked and compiled.

    Raises:
        InvalidInput: with a problem (file, line, key) for each place that is wrong.
    """
    table = read_table(text, file, codes)
    read = [p for p in table.plans if p.spec.direction is not Direction.WRITE]
    shared = shared_places(table)
    written = [p for p in table.plans if p.places and p.spec.direction is not Direction.READ]
    return TwoWay(
        table,
        readers=tuple((p.names[0], reader(p)) for p in read if len(p.names) == 1),
        joint_readers=tuple((p.names, reader(p)) for p in read if len(p.names) > 1),
        writers=tuple((p.names, writer(p, shared)) for p in written),
        fingerprint=_fingerprint(text, codes),
        text=text,
    )


def _fingerprint(text: str, codes: Mapping[str, CodeTable]) -> str:
    tables = (f"{name}:{codes[name].model_dump_json()}" for name in sorted(codes))
    return sha256("\n".join([text, *tables]).encode()).hexdigest()


def records_of(mapping: TwoWay, source: SourceRecord) -> tuple[SourceRecord, ...]:
    """The vendor's record as the records that the table reads: itself, or its parts; none where it is of another kind.

    Raises nothing, whatever the payload holds.
    """
    table = mapping.table
    parts = (source,) if table.each is None else split(table.each, source)
    return parts if table.only is None else tuple(part for part in parts if table.only.takes(view(mapping, part)))


def view(mapping: TwoWay, source: SourceRecord) -> dict[str, Json]:
    """The payload as the table reads it: of a part, the whole with its element alone."""
    each = mapping.table.each
    if each is None:
        return source.payload
    return view_of(each, source.payload, source.ref.id) or around(each, source.payload)


def key_joined(mapping: TwoWay, source: SourceRecord, context: Context) -> str | None:
    """Of a table that joins, the id of the record that `source` adds to, as its system says it."""
    asked = AskedFor()
    for name, read in mapping.readers:
        if name == "id":
            read(view(mapping, source), replace(context, links=asked), Findings(source))
    return asked.id


def decode_all(mapping: TwoWay, source: SourceRecord, context: Context) -> tuple[Decoded, ...]:
    """What comes of each record that `records_of` finds."""
    return tuple(decode(mapping, record, context) for record in records_of(mapping, source))


def decode(mapping: TwoWay, source: SourceRecord, context: Context) -> Decoded:
    """One record of the table's kind as the hub's, or the problems. Raises nothing, whatever the payload holds.

    Of a table that splits, the record is a part as `records_of` finds them.

    Its id is the linked one, or, at first sight, the one derived from the source's; of a table that `joins`, that of
    the record that it says more of.
    """
    findings = Findings(source)
    payload = view(mapping, source)
    values = {name: read(payload, context, findings) for name, read in mapping.readers}
    for names, read in mapping.joint_readers:
        found = read(payload, context, findings)
        values.update(zip(names, found if found is not None else (None,) * len(names), strict=True))
    if findings.problems:
        return findings.decoded(None)
    ref, kind = source.ref, mapping.kind
    if mapping.table.joins is None:
        values["id"] = context.links.canonical_id(kind, ref.id) or derive(kind, ref.system, ref.id)
    try:
        record = MODELS[kind].model_validate(values)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            findings.of_model(mapping.table, problem["loc"], problem["msg"])
        return findings.decoded(None)
    return findings.decoded(record)  # type: ignore[arg-type]


def encode(
    mapping: TwoWay,
    record: Canonical,
    context: Context,
    onto: Mapping[str, Json] | None = None,
    *,
    part: str | None = None,
) -> dict[str, Json]:
    """The hub's record as the vendor should hold it.

    Args:
        mapping: the table.
        record: of the table's kind.
        context: zone and links of the vendor.
        onto: the vendor's record as last seen, to change it: what the table does not name stays, what already says the
            same stays as it is written. None: the record is made.
        part: of a table that splits, the id of the part that the record is; `onto` is then the whole, and so is what is
            given back. None: `onto` is the part.

    Raises:
        RecordRejected: a required value is missing or a value has no form at the vendor.
    """
    each = mapping.table.each
    if each is None or part is None or onto is None:
        return _encode(mapping, record, context, onto)
    whole = dict(onto)
    return put_back(
        each, whole, part, _encode(mapping, record, context, view_of(each, whole, part) or around(each, whole))
    )


def _encode(mapping: TwoWay, record: Canonical, context: Context, onto: Mapping[str, Json] | None) -> dict[str, Json]:
    draft = Draft(mapping.table, onto)
    draft.put_constants()
    for names, write in mapping.writers:
        value = getattr(record, names[0]) if len(names) == 1 else tuple(getattr(record, name) for name in names)
        write(value, context, draft)
    if draft.problems:
        raise RecordRejected(*draft.problems)
    return draft.payload
