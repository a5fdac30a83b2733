"""What of a request and an answer may be shown: by where a mapping leads a value, and how personal its field is.

Shown are values that tables lead to fields which are not personal, and nothing else: a value that no table knows may be
anything. Ids are shown as marks that are the same within a process and mean nothing outside of it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_bytes
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hub.canonical.phi import phi_classes
from hub.canonical.records import MODELS
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.spec.declared import NAME
from hub.connectors.kit.spec.paging import ByRelay
from hub.connectors.kit.spec.reading import Call
from hub.connectors.kit.spec.stream import Stream
from hub.connectors.kit.values import place_of
from hub.governance.agreements import personal_classes
from hub.mapping.apply import TwoWay
from hub.mapping.paths import Place
from hub.mapping.preview import shape_of

Keys = tuple[str, ...]
"""A place without the positions of lists."""
PLAIN, ID, UNKNOWN = "plain", "id", "unknown"
MOST_SHOWN = 3
"""Elements of a list."""
_LONGEST = 80
_KEY = re.compile(r"[A-Za-z_@$][A-Za-z_-]{0,39}[0-9]{0,2}")
_FORM = re.compile(rb"[\w.%+\[\]-]+=")
_OF_FHIR: Sequence[Keys] = ((), ("entry", "resource"))
_SALT = token_bytes(16)


def mark_of(text: str) -> str:
    """An id as a mark that says only which ones are the same."""
    return "#" + blake2b(text.encode(), digest_size=4, key=_SALT).hexdigest()


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is known of one connection."""

    marks: Mapping[Keys, str]
    """By place in a body: `plain`, `id`, or how personal it is."""
    words: frozenset[str]
    """Segments of addresses that stand in the connection's file."""
    base: tuple[str, ...] = ()
    is_fhir: bool = False

    def body(self, content: bytes) -> Any:
        """What of a body may be shown; None for none."""
        if not content.strip():
            return None
        try:
            return self._shown(json.loads(content), ())
        except (ValueError, RecursionError):
            if _FORM.match(content):
                return self._shown(dict(parse_qsl(content.decode("utf-8", "replace"))), ())
            return f"<{len(content)} bytes>"

    def path(self, url: str) -> str:
        """The path with a mark for every segment that no file of ours says; names of parameters without values."""
        parts = urlsplit(url)
        segments = [unquote(one) for one in parts.path.split("/") if one]
        shown = [self._segment(one, place) for place, one in enumerate(segments)]
        names = dict.fromkeys(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
        query = "&".join(_key(name) for name in names)
        return "/" + "/".join(shown) + (f"?{query}" if query else "")

    def _segment(self, text: str, place: int) -> str:
        of_fhir = self.is_fhir and (place == len(self.base) or text.startswith("_"))
        return text if of_fhir or text in self.words else mark_of(text)

    def _shown(self, node: Any, keys: Keys) -> Any:
        if isinstance(node, dict):
            return {_key(str(key)): self._shown(value, (*keys, str(key))) for key, value in node.items()}
        if isinstance(node, list):
            rest = [f"… {len(node) - MOST_SHOWN} more"] if len(node) > MOST_SHOWN else []
            return [*(self._shown(one, keys) for one in node[:MOST_SHOWN]), *rest]
        mark = self.marks.get(keys)
        if node is None or node == "" or (mark == PLAIN and len(str(node)) <= _LONGEST):
            return node
        if mark == ID:
            return mark_of(str(node))
        return f"<{shape_of(node) if mark in (None, PLAIN, UNKNOWN) else mark}>"


def redaction_of(connection: Connection, tables: Mapping[str, TwoWay]) -> Redaction:
    """What may be shown of a connection's bodies and addresses."""
    marks: dict[Keys, str] = {}
    for kind, stream in connection.streams.items():
        for keys, mark in _of_stream(connection, stream, tables.get(kind)):
            marks[keys] = max(mark, marks.get(keys, mark), key=_weight)
    base = tuple(one for one in urlsplit(str(connection.base_url or "")).path.split("/") if one)
    urls = [url for scheme in connection.auth if (url := getattr(scheme, "token_url", None))]
    words = {one for url in urls for one in urlsplit(url).path.split("/")} | set(base)
    words |= {one for stream in connection.streams.values() for call in _calls(stream) for one in call.path.split("/")}
    plain = frozenset(one for one in words if one and not NAME.search(one))
    return Redaction(marks, plain, base, is_fhir=connection.connector == "fhir_r4")


def _weight(mark: str) -> int:
    """Of two marks on one place the more careful one counts."""
    return {PLAIN: 0, ID: 1, UNKNOWN: 2}.get(mark, 3)


def _of_stream(connection: Connection, stream: Stream, table: TwoWay | None) -> Iterator[tuple[Keys, str]]:
    record = dict(marks_of_table(table)) if table is not None else {}
    reading = stream.read
    for path in (*(reading.id if reading else ()), *([] if reading else ["id"])):
        record.setdefault(keys_of(place_of(path)), ID)
    for prefix, parent in _prefixes(connection, stream):
        for keys, mark in record.items():
            if parent is not None and keys[:1] == (parent,):
                yield (*prefix[:-1], *keys[1:]), mark
            else:
                yield (*prefix, *keys), mark
    for call in _calls(stream):
        for inside, template in (((), call.body), (("variables",), call.variables)):
            yield from _of_template(template, inside, record)


def marks_of_table(table: TwoWay, *, with_text: bool = True) -> Iterator[tuple[Keys, str]]:
    """How personal the places are that a table speaks of; of a mere guess, what it takes as plain text is unknown."""
    found: dict[Keys, str] = {}
    for plan in table.table.fields:
        classes = [str(one) for name, one in phi_classes(MODELS[table.kind]).items() if name in plan.names]
        whose = [ID] if personal_classes(MODELS[table.kind], plan.names) else []
        is_guess = not with_text and plan.spec.codec == "text"
        for place in (place for part in plan.places for place in part):
            # The other elements of a list that a condition chooses from may hold anything.
            chosen = any(step.conditions or step.index is not None for step in place.steps)
            mark = next(iter([*classes, *whose]), UNKNOWN if chosen or is_guess else PLAIN)
            found[keys_of(place)] = max(mark, found.get(keys_of(place), mark), key=_weight)
    yield from found.items()


def _prefixes(connection: Connection, stream: Stream) -> Iterator[tuple[Keys, str | None]]:
    """Where records stand in bodies; and the key of ours under which what stands around a part is put."""
    if connection.connector == "fhir_r4":
        yield from ((prefix, None) for prefix in _OF_FHIR)
        return
    reading = stream.read
    if reading is not None:
        whole = [keys_of(place_of(reading.records))] if reading.records else [()]
        if isinstance(reading.paging, ByRelay) and reading.records is None:
            around = keys_of(place_of(reading.paging.connection))
            whole = [(*around, "edges", "node"), (*around, "nodes")]
        each = reading.each
        yield from (
            ((*one, *(keys_of(place_of(each.path)) if each else ())), each.parent if each else None) for one in whole
        )
    for call in _calls(stream):
        path = getattr(call, "record", None)
        if call is not reading:
            yield (keys_of(place_of(path)) if path else ()), None


def _of_template(template: Any, keys: Keys, record: Mapping[Keys, str]) -> Iterator[tuple[Keys, str]]:
    """What a body of ours says where."""
    if isinstance(template, dict):
        for key, part in template.items():
            yield from _of_template(part, (*keys, str(key)), record)
    elif isinstance(template, list):
        for part in template:
            yield from _of_template(part, keys, record)
    elif isinstance(template, str) and (whole := NAME.fullmatch(template)):
        head, _, path = whole[1].partition(".")
        if head in ("record", "changes"):
            under = tuple(path.split(".")) if path else ()
            yield from (
                ((*keys, *inner[len(under) :]), mark) for inner, mark in record.items() if inner[: len(under)] == under
            )


def _calls(stream: Stream) -> Iterator[Call]:
    writing = stream.write
    ways = (writing.create, writing.update, writing.cancel, writing.delete) if writing is not None else ()
    find = writing.create.find if writing is not None and writing.create is not None else None
    yield from (call for call in (stream.read, stream.one, *ways, find) if call is not None)


def keys_of(place: Place | str) -> Keys:
    """A place without selectors and positions."""
    return tuple(step.key for step in (place_of(place) if isinstance(place, str) else place).steps)


def _key(text: str) -> str:
    """A key as it is, where it looks like one."""
    return text if _KEY.fullmatch(text) else f"<key of {len(text)}>"
