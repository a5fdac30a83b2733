"""How a system tells the hub of changes by itself: how its word is known to be its own, and what it speaks of."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Discriminator, Field, HttpUrl

from hub.canonical.ids import Kind
from hub.connectors.kit.spec.declared import Declared, Duration, JsonPath, OneOrMore, Wrong, names_in, within
from hub.connectors.kit.spec.secrets import Secret, Setting

_SIGNED = {"body", "url", "method", "timestamp", "form"}


class Stamp(Declared):
    """When the system signed: a number in a header, the last one where it holds more."""

    header: str | None = None
    """Without it, the field `timestamp` of the signature's own header."""
    unit: Literal["s", "ms"] = "s"


class _OverContent(Declared):
    """What the schemes share that sign what was sent."""

    header: str
    """Where the signature stands."""
    prefix: str = ""
    """What stands before it: `sha256=`. Blanks in the header do not count."""
    fields: dict[Literal["signature", "timestamp"], str] = Field(default_factory=dict)
    """For a header of `t=…,v1=…`: which of its names is which. Of two signatures one will do."""
    signed: str = "{body}"
    """What is signed: of {body}, {url}, {method}, {timestamp}, {form} (sorted names and values), {header.<name>}."""
    timestamp: Stamp | None = None
    window: Duration = timedelta(minutes=5)
    """So far from now a signature may be, before and after. Without a time stamp it says nothing."""

    def find_problems(self) -> Iterator[Wrong]:
        """Names that nobody gives, and a time stamp that stands nowhere."""
        for name in sorted(names_in(self.signed)):
            if name not in _SIGNED and not name.startswith("header."):
                yield (
                    ("signed",),
                    f"{{{name}}} is not known here",
                    f"Known: {', '.join(sorted(_SIGNED))}, header.<name>",
                )
        if not names_in(self.signed) & {"body", "form", "url"}:
            yield ("signed",), "nothing of the message is signed", "Say {body}"
        if self.fields and "signature" not in self.fields:
            yield ("fields",), "which of its names holds the signature is not said", "Add signature: v1"
        in_header = self.timestamp is not None and self.timestamp.header is not None
        if "timestamp" in names_in(self.signed) and not in_header and "timestamp" not in self.fields:
            yield ("timestamp",), "where {timestamp} stands is not said", "Add {header: …}, or a field 'timestamp'"


class Hmac(_OverContent):
    """A keyed hash over what was sent."""

    scheme: Literal["hmac"]
    key: Secret
    key_is: Literal["text", "base64"] = "text"
    algorithm: Literal["sha256", "sha1"] = "sha256"
    encoding: Literal["hex", "base64", "hex_pairs"] = "hex"
    """`hex_pairs`: `18-2E-10`."""
    body_hash: str | None = None
    """The parameter of the URL that holds the body's SHA-256 in hex, where the URL alone is signed."""


class Ecdsa(_OverContent):
    """A signature by the system's own key, over what was sent: P-256, SHA-256, base64."""

    scheme: Literal["ecdsa"]
    public_key: Setting
    """In base64 (DER), as its settings show it."""


class Token(Declared):
    """A fixed word in a header: known to both, and as good as the connection is private."""

    scheme: Literal["token"]
    header: str
    prefix: str = ""
    """`Bearer `."""
    token: Secret


Signature = Annotated[Hmac | Ecdsa | Token, Discriminator("scheme")]


class InHeader(Declared):
    """A value that a header holds."""

    header: str


class Webhooks(Declared):
    """Events that a system posts to `/webhooks/<system>`. Each only rings: the record itself is then asked for."""

    url: HttpUrl | None = None
    """The address as the system knows it, where it is signed: a proxy in between shows the hub another one."""
    signature: OneOrMore[Signature] = Field(min_length=1)
    """One scheme, or several of which one will do, while a key is exchanged."""
    body: Literal["json", "form"] = "json"
    each: OneOrMore[JsonPath] = ()
    """Where the list of events stands, for systems that send several at once; a list in each element of the one before,
    where there are more. A body that is a list is one.
    """
    id: OneOrMore[JsonPath] | InHeader | None = None
    """By what an event is known when it comes again. Without it each one counts, which does no harm."""
    type: OneOrMore[JsonPath] | InHeader
    record: OneOrMore[JsonPath] | None = None
    """Where the id of the record stands that it speaks of; without it, what changed is asked for."""
    kinds: dict[str, Kind] = Field(min_length=1)
    """Type of event, `*` for any part of it → the kind of record. Others are taken and left alone."""
    deleted: tuple[str, ...] = ()
    """Types that say that the record is gone."""
    merged: dict[str, JsonPath] = Field(default_factory=dict)
    """Types that say that the record became part of another → where the id of that one stands."""

    def find_problems(self) -> Iterator[Wrong]:
        """What its parts do not see by themselves."""
        for number, scheme in enumerate(self.signature):
            yield from within(("signature", number), scheme)
            if isinstance(scheme, Hmac | Ecdsa) and "url" in names_in(scheme.signed) and self.url is None:
                yield ("url",), "the address is signed, and is not said", "Put it as the system knows it"
        for key, types in (("deleted", self.deleted), ("merged", tuple(self.merged))):
            for type_ in types:
                if self.kind_of(type_) is None:
                    yield (key,), f"{type_!r} is no type of 'kinds'", "Say there which kind of record it speaks of"
                if self.record is None:
                    yield (key,), "where the id of the record stands is not said", "Add 'record'"

    def kind_of(self, type_: str) -> Kind | None:
        """The kind of record that events of this type speak of: the first pattern that fits."""
        return next((kind for pattern, kind in self.kinds.items() if _fits(pattern, type_)), None)


def _fits(pattern: str, type_: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), type_, re.DOTALL) is not None
