"""References to other records, resolved through the links of the system."""

from collections.abc import Mapping
from typing import Literal

from hub.canonical.ids import Kind
from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable, text_of
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context


class ReferenceOptions(NoOptions):
    """Options of `reference`."""

    kind: Kind
    """What it refers to."""
    by: Literal["id", "name"] = "id"
    """Whether the system refers by its record's id or by what it calls it."""
    prefix: str = ""
    """Stands before the id: `Patient/`. An absolute URL and a version behind the id are read too, and not written."""
    written: Literal["text", "number"] = "text"
    """How the id is written: ids that are numbers are read either way."""
    unknown: str = "unknown_reference"
    """The reason code where the record is not known."""


def _reference(options: ReferenceOptions, _: Mapping[str, CodeTable]) -> Codec:
    kind, prefix, named = options.kind, options.prefix, options.by == "name"
    as_number = options.written == "number" and not prefix

    def decode(raw: Json, context: Context) -> str:
        key = text_of(raw)
        if prefix:
            key = _behind(key, prefix)
        links = context.links
        found = links.id_named(kind, key) if named else links.canonical_id(kind, key)
        if found is None:
            raise Unreadable(f"refers to a {kind} that is not known", options.unknown)
        return found

    def encode(value: str, context: Context) -> str | int:
        links = context.links
        found = links.name_of(kind, value) if named else links.source_id(kind, value)
        if found is None:
            raise Unreadable(f"refers to a {kind} that the system does not know", options.unknown)
        return int(found) if as_number and found.isdecimal() else prefix + found

    return Codec(decode, encode)


def _behind(text: str, prefix: str) -> str:
    """The id in `Patient/1`, `https://host/fhir/Patient/1` and `Patient/1/_history/2`; else nothing."""
    before, found, rest = text.rpartition(prefix)
    if not found or (before and not before.endswith("/")):
        return ""
    return rest.split("/", 1)[0]


REFERENCE = CodecKind("reference", _reference, ReferenceOptions, sample="kind_1")
