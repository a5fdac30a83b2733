"""How the records of a stream are read."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from hub.canonical.ids import Kind
from hub.connectors.kit.spec.declared import (
    NAME,
    Declared,
    Duration,
    JsonPath,
    OneOrMore,
    Template,
    Wrong,
    names_in,
    within,
)
from hub.connectors.kit.spec.paging import Paging
from hub.mapping.codecs.formats import date_reader, moment_reader

_FORMATS = ("iso", "unix", "unix_ms", "date", "local")


def _is_format(text: str) -> str:
    if "%" in text:
        (moment_reader if says_time(text) else date_reader)([text])
    elif text not in _FORMATS:
        raise ValueError(f"{text!r} is no format; known: {', '.join(_FORMATS)}, or one such as '%Y-%m-%d %H:%M:%S'")
    return text


def says_time(form: str) -> bool:
    """Whether moments in this form say more than the day."""
    return "%H" in form or "%I" in form if "%" in form else form != "date"


InstantFormat = Annotated[str, AfterValidator(_is_format)]
"""`iso`: with offset, or else in the connection's zone; `local`: the zone's wall time, no offset; `date`: a day. Or how
the zone's wall time is written: `%d.%m.%Y %H:%M`.
"""


class Document(Declared):
    """A GraphQL document: its text, or the file of it beside the connection."""

    text: str | None = None
    file: Path | None = None
    """Relative to the practice folder's `connections/`."""

    @model_validator(mode="before")
    @classmethod
    def _bare_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value

    def find_problems(self) -> Iterator[Wrong]:
        """Neither, both, or a file that is somewhere else."""
        if (self.text is None) == (self.file is None):
            yield (), "a document has one place", "Write its text, or {file: clients.graphql}"
        if self.file is not None and (self.file.is_absolute() or ".." in self.file.parts):
            yield ("file",), "the file is not beside the connection", "Put it into the practice folder's connections/"


class Call(Declared):
    """One request to a system."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = ""
    """Below `base_url`; may hold names: `/clients/{id}`."""
    query: dict[str, Template] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Template = None
    send: Literal["json", "form"] = "json"
    """How the body travels. As a form: `a[b]=1` for what stands inside, `a[0]=1` for lists."""
    document: Document | None = None
    """In GraphQL, instead of method, path, query and body."""
    variables: dict[str, Template] = Field(default_factory=dict)
    errors: JsonPath | None = None
    """Where an answer of success tells of a failure all the same: `data.clientCreate.userErrors`, `Fault.Error`."""

    def find_problems(self) -> Iterator[Wrong]:
        """A body that cannot travel."""
        yield from within(("document",), self.document)
        if self.method == "GET" and self.body is not None:
            yield ("body",), "a GET has no body", "Say method: POST, or put it into 'query'"
        if self.send == "form" and not _is_form(self.body):
            yield ("send",), "the body is no table of fields", "Write 'body' as keys and values, or '{record}'"

    def names(self) -> dict[str, set[str]]:
        """The names that each key uses."""
        keys = {"path": self.path, "query": self.query, "body": self.body, "variables": self.variables}
        return {key: found for key, value in keys.items() if (found := names_in(value))}


def _is_form(body: Template) -> bool:
    return isinstance(body, dict) or (isinstance(body, str) and NAME.fullmatch(body) is not None)


def unknown_names(call: Call, known: set[str]) -> Iterator[Wrong]:
    """Names in a call that nobody gives; behind a dot stands a path of the record."""
    for key, names in call.names().items():
        for name in sorted(names):
            if name.partition(".")[0] not in known:
                yield (key,), f"{{{name}}} is not known here", f"Known: {', '.join(sorted(known))}"


class Since(Declared):
    """How only what changed is asked for."""

    param: str
    """Of the query; in a call with a body the place in it; in GraphQL a variable."""
    format: InstantFormat = "iso"
    template: str = "{since}"
    """For systems with a filter language: `updated > '{since}'`, `ge{since}`."""
    overlap: Duration = timedelta(minutes=2)
    """How far back of the last change seen the next pull begins: systems stamp a record before they show it."""


class Each(Declared):
    """One record of the system holds several of ours."""

    path: JsonPath
    """Of the list of them in each record: `booking.appointments`."""
    parent: str = "parent"
    """The key under which each of them gets what stands around the list."""


class ForEach(Declared):
    """The list is asked for once for each record of another stream."""

    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    """What stands for that record's id in path, query and body: `client` for `clients/{client}/packages`."""
    stream: Kind
    """Whose records."""
    of: Literal["all", "changed"] = "all"
    """`changed`: only behind records that changed themselves, for systems that touch them then."""
    put: str | None = None
    """The key under which each record gets that id, where it does not say itself whose it is."""


class Mark(Declared):
    """A value in a record that says something about all of it."""

    path: JsonPath
    equals: OneOrMore[str | int | bool] = (True,)
    """One value or several."""


class One(Call):
    """How a single record is read."""

    path: str = ""
    """`/clients/{id}`."""
    record: JsonPath | None = None
    """Where it stands in the answer; without it the answer is the record."""

    def find_problems(self) -> Iterator[Wrong]:
        """As Call's; and an unknown name."""
        yield from super().find_problems()
        yield from unknown_names(self, {"id"})


class Reading(Call):
    """How the records of a stream are read, page by page."""

    records: JsonPath | None = None
    """Where the list of records stands in the answer; without it the answer is the list."""
    keyed_as: str | None = None
    """Where the records stand as an object, each under its own name (`{C-1: {…}, C-2: {…}}`): the key under which a
    record gets that name."""
    each: Each | None = None
    for_each: ForEach | None = None
    """For lists that stand behind the records of another stream."""
    id: OneOrMore[JsonPath]
    """Where a record's id stands; of several places together, divided by `/`."""
    modified: JsonPath | None = None
    """Where the moment of its last change stands."""
    modified_format: InstantFormat = "iso"
    version: JsonPath | None = None
    """Where its version stands; without it the moment of its last change is one."""
    deleted: Mark | None = None
    """How a record says that it is gone: `{path: archived, equals: true}`."""
    paging: Paging | None = None
    """Without it, one answer holds everything."""
    since: Since | None = None
    """Without it, everything is read each time."""

    def find_problems(self) -> Iterator[Wrong]:
        """What cannot work together."""
        yield from super().find_problems()
        known = {self.for_each.name} if self.for_each is not None else set()
        yield from unknown_names(self, known)
        if known and not any(known & names for names in self.names().values()):
            name = f"{{{next(iter(known))}}}"
            yield ("for_each", "name"), f"{name} stands nowhere in the call", f"Such as path: clients/{name}/packages"
        if self.since is not None and self.modified is None:
            yield (
                ("since",),
                "what changed is asked for, and where a record says when it changed is not",
                "Add 'modified'",
            )
        if self.since is not None and "{since}" not in self.since.template:
            yield ("since", "template"), "the text does not hold {since}", "Such as updated > '{since}'"
        if self.method not in ("GET", "POST"):
            yield ("method",), f"a list is not read by {self.method}", "GET or POST"
