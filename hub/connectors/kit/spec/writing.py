"""How the records of a stream are written: which calls make, change and end one.

Names in paths, queries, bodies and variables: `{id}` (the system's), `{hub_id}` (ours), `{key}` (the same for each try
of one write), `{version}`, `{record}` (all of it), `{changes}` (what is not there yet), `{record.a.b}` (a value in it).
"""

from collections.abc import Iterator
from typing import Literal

from hub.connectors.kit.spec.declared import Declared, JsonPath, Template, Wrong, within
from hub.connectors.kit.spec.reading import Call, Mark, unknown_names

NAMES = {"id", "hub_id", "key", "version", "record", "changes"}
_OF_NEW = NAMES - {"id", "version", "changes"}


class Find(Call):
    """How a record that an earlier try made is found by what we wrote into it."""

    records: JsonPath | None = None
    """Where the list of matches stands in the answer; without it the answer is the list."""

    def find_problems(self) -> Iterator[Wrong]:
        """As Call's; and a search that is not for our own record."""
        yield from super().find_problems()
        yield from unknown_names(self, _OF_NEW)
        if not any({"hub_id", "key"} & names for names in self.names().values()):
            yield (
                (),
                "this finds no record of ours",
                "Ask for {hub_id}: the id that 'hub_id' of the stream says we wrote there",
            )


class WriteCall(Call):
    """One call that writes."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    body: Template = "{record}"
    record: JsonPath | None = None
    """Where the record stands in the answer as it now is; without it the answer is the record."""
    id: JsonPath | None = None
    """Where the id stands in an answer that does not hold the record; it is read anew then."""


class Create(WriteCall):
    """How a record is made, once."""

    key_header: str | None = None
    """The header that makes two tries one: `Idempotency-Key`."""
    find: Find | None = None
    """For systems without such a key: asked before anything is made."""

    def find_problems(self) -> Iterator[Wrong]:
        """As Call's; an unknown name; nothing that makes two tries one."""
        yield from super().find_problems()
        yield from unknown_names(self, _OF_NEW)
        yield from within(("find",), self.find)
        has_key = self.key_header is not None or any("key" in names for names in self.names().values())
        if not has_key and self.find is None:
            hint = "Add 'key_header', {key} in the body, or 'find'"
            yield (), "a lost answer would make the record twice", hint


class Update(WriteCall):
    """How a record is changed."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "PUT"
    if_match: Literal["etag", "version"] | None = None
    """What `If-Match` carries: the header `ETag` of the record's own read, or its version."""
    leave_out: tuple[JsonPath, ...] = ()
    """What the system gives and does not take: `[created_at, updated_at]`."""

    def find_problems(self) -> Iterator[Wrong]:
        """As Call's; and an unknown name."""
        yield from super().find_problems()
        yield from unknown_names(self, NAMES)


class End(WriteCall):
    """A call of its own for a record that ends: a cancellation, a deletion."""

    body: Template = None
    when: Mark
    """What the written record says then: `{path: status, equals: cancelled}`."""

    def find_problems(self) -> Iterator[Wrong]:
        """As Call's; and an unknown name."""
        yield from super().find_problems()
        yield from unknown_names(self, NAMES)


class Writing(Declared):
    """The calls of a stream that writes."""

    create: Create | None = None
    update: Update | None = None
    cancel: End | None = None
    delete: End | None = None

    def find_problems(self) -> Iterator[Wrong]:
        """Those of its calls; or that there are none."""
        calls = {"create": self.create, "update": self.update, "cancel": self.cancel, "delete": self.delete}
        for name, call in calls.items():
            yield from within((name,), call)
        if not any(calls.values()):
            yield (), "nothing can be written", "Add 'create' or 'update'"
