"""One text that is two fields here (`full_name`, `versioned`), and several that are one (`joined`)."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from hub.mapping.codecs.codec import Codec, CodecKind, Json, NoOptions, Unreadable
from hub.mapping.codecs.text import appended_lines, plain_text
from hub.mapping.codes import CodeTable
from hub.mapping.context import Context

Names = tuple[str | None, str | None]


class FullNameOptions(NoOptions):
    """Options of `full_name`."""

    order: Literal["given_first", "family_first"] = "given_first"
    """`Anna Maria Lopez` (the last word is the family name), or `Lopez, Anna Maria`."""


def _full_name(options: FullNameOptions, _: Mapping[str, CodeTable]) -> Codec:
    if options.order == "family_first":
        return Codec(_read_family_first, _write_family_first)
    return Codec(_read_given_first, _write_given_first)


def _words(raw: Json) -> str:
    return " ".join((plain_text(raw) or "").split())


def _read_given_first(raw: Json, _: Context) -> Names | None:
    given, _space, family = _words(raw).rpartition(" ")
    return (given or family, family if given else None) if family else None


def _write_given_first(names: Names, _: Context) -> str | None:
    return " ".join(filter(None, (_words(name) for name in names if name is not None))) or None


def _read_family_first(raw: Json, context: Context) -> Names | None:
    text = _words(raw)
    family, comma, given = (part.strip() for part in text.partition(","))
    if comma:
        return (given or None, family or None) if given or family else None
    if " " in text:
        return _read_given_first(text, context)
    return (None, text) if text else None


def _write_family_first(names: Names, _: Context) -> str | None:
    given, family = (_words(name) if name is not None else "" for name in names)
    if "," in family:
        raise Unreadable("holds the comma that divides the names")
    if given:
        return f"{family}, {given}".strip()
    return f"{family}," if " " in family else family or None


class JoinedOptions(NoOptions):
    """Options of `joined`."""

    separator: str = Field(default=" ", min_length=1)
    """Between the parts in the hub. Written, the last parts get a piece each and the first gets the rest."""
    parts: int = 2


def _joined(options: JoinedOptions, _: Mapping[str, CodeTable]) -> Codec:
    separator, count = options.separator, options.parts

    def pieces(text: str) -> list[str]:
        return [piece for part in text.split(separator) if (piece := plain_text(part))]

    def decode(raw: tuple[Json, ...], _: Context) -> str | None:
        return separator.join(piece for part in raw if part is not None for piece in pieces(plain_text(part) or ""))

    def encode(value: str, _: Context) -> tuple[str | None, ...]:
        found = pieces(plain_text(value) or "")
        first = max(1, len(found) - count + 1)
        parts: list[str | None] = [separator.join(found[:first]) or None, *found[first:]]
        return (*parts, *[None] * (count - len(parts)))

    return Codec(lambda raw, context: decode(raw, context) or None, encode, append=appended_lines)


class VersionedOptions(NoOptions):
    """Options of `versioned`."""

    prefix: str = ""
    """Stands before the name: the address of a vendor's forms. It comes off and on."""


def _versioned(options: VersionedOptions, _: Mapping[str, CodeTable]) -> Codec:
    """FHIR's canonical: `http://example.org/botox-consent|2`."""

    def decode(raw: Json, _: Context) -> Names | None:
        name, _bar, version = ((plain_text(part) or "") for part in (plain_text(raw) or "").rpartition("|"))
        if not name:
            name, version = version, ""
        name = name.removeprefix(options.prefix).strip()
        if not name:
            raise Unreadable("names nothing")
        return name, version or None

    def encode(names: Names, _: Context) -> str | None:
        name, version = ((plain_text(part) or "") if part is not None else "" for part in names)
        if "|" in version or (not version and "|" in name):
            raise Unreadable("holds the bar that divides name and version")
        return f"{options.prefix}{name}|{version}" if version and name else options.prefix + name if name else None

    return Codec(decode, encode)


FULL_NAME = CodecKind("full_name", _full_name, FullNameOptions, fields=2, sample=("Anna", "Lopez"))
JOINED = CodecKind("joined", _joined, JoinedOptions, any_parts=True)
VERSIONED = CodecKind("versioned", _versioned, VersionedOptions, fields=2, sample=("botox-consent", "2"))
