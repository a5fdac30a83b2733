"""A list behind each record of another stream, and bodies that travel as forms: on a small server with both."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind
from hub.connectors.kit.connection import read_connection
from hub.connectors.registry import Surroundings, open_sink, open_source
from hub.errors import InvalidInput
from hub.ports import Write
from tests.peers.scripted import Asked, answer, scripted

FILE = """\
system: nested
connector: rest
base_url: {url}
mappings: nested
streams:
  patient:
    read: {{path: clients, id: id, modified: changed, modified_format: unix,
            paging: {{by: cursor, param: after, next: next, size: 2}}, records: rows,
            since: {{param: since, format: unix, overlap: 0}}}}
  visit:
    hub_id: meta.hub
    read:
      path: clients/{{client}}/visits
      for_each: {{name: client, stream: patient, put: whose{of}}}
      id: id
      modified: changed
      modified_format: unix
      since: {{param: since, format: unix, overlap: 0}}
    one: {{path: "visits/{{id}}"}}
    write:
      create: {{path: visits, send: form, body: {{visit: "{{record}}", ref: "{{key}}"}}}}
"""


@dataclass
class Nested:
    """Clients, two a page, and behind each its visits."""

    clients: dict[str, int] = field(default_factory=dict)
    """Id → when it changed."""
    visits: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    posted: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def serve(self, asked: Asked) -> bytes:
        parts = urlsplit(asked.target)
        query = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
        since = query.get("since", 0)
        match parts.path.strip("/").split("/"):
            case ["clients"]:
                rows = [{"id": id_, "changed": at} for id_, at in self.clients.items() if at >= since]
                start = query.get("after", 0)
                return answer({"rows": rows[start : start + 2], "next": start + 2 if len(rows) > start + 2 else None})
            case ["clients", client, "visits"] if client not in self.gone:
                visits = self.visits.get(client, [])
                return answer([{"id": id_, "changed": at} for id_, at in visits if at >= since])
            case ["visits"]:
                self.posted.append((asked.headers["content-type"], dict(parse_qsl(asked.body.decode()))))
                return answer({"id": "new"}, 201)
        return answer({}, 404)


@pytest.fixture
def desk():
    clients = {f"c{number}": 100 for number in range(1, 6)}
    return Nested(clients, {one: [(f"{one}-v{at}", at) for at in (100, 110)] for one in clients if one != "c3"})


@pytest.fixture
def opened(desk, tmp_path):
    with scripted(desk.serve) as server:

        def connection(of: str = ""):
            return read_connection(FILE.format(url=server.url, of=of), "nested.yaml")

        yield server, connection, Surroundings(tmp_path, ZoneInfo("UTC"), {})


def read(connection, around, cursor=None, pages=None):
    """(ids, the last cursor) of so many pages."""
    found = []
    with open_source(connection, around) as source:
        for number, page in enumerate(source.read(Kind.VISIT, cursor), start=1):
            found += page.records
            cursor = page.cursor
            if number == pages:
                break
    return found, cursor


def everyone(desk: Nested) -> set[str]:
    return {id_ for visits in desk.visits.values() for id_, _ in visits}


def test_every_list_behind_every_record_is_read_and_says_whose_it_is(opened, desk):
    _, connection, around = opened
    found, _ = read(connection(), around)
    assert [record.ref.id for record in found] == sorted(everyone(desk))
    assert {record.payload["whose"] for record in found} == {"c1", "c2", "c4", "c5"}


@pytest.mark.parametrize("pages", range(1, 11))
def test_a_reading_that_is_cut_off_anywhere_goes_on_there(opened, desk, pages):
    server, connection, around = opened
    first, cursor = read(connection(), around, pages=pages)
    before = len(server.asked)
    rest, _ = read(connection(), around, cursor)
    assert {record.ref.id for record in (*first, *rest)} == everyone(desk)
    done = {record.payload["whose"] for record in first[:-2]}
    again = {asked.target.split("/")[2] for asked in server.asked[before:] if asked.target.endswith("/visits")}
    assert not done & again, "what was done is not asked for again"


def test_the_next_reading_asks_each_list_for_what_changed(opened, desk):
    server, connection, around = opened
    _, cursor = read(connection(), around)
    desk.visits["c3"] = [("c3-v120", 120)]
    before = len(server.asked)
    found, cursor = read(connection(), around, cursor)
    assert {record.ref.id for record in found} >= {"c3-v120"}
    lists = [asked.target for asked in server.asked[before:] if "/visits" in asked.target]
    assert len(lists) == 5
    assert all("since=110" in target for target in lists)


def test_where_the_system_touches_the_record_only_lists_behind_changed_ones_are_asked_for(opened, desk):
    server, connection, around = opened
    changed = connection(", of: changed")
    _, cursor = read(changed, around)
    desk.visits["c4"].append(("c4-v130", 130))
    desk.clients["c4"] = 130
    desk.clients.update(dict.fromkeys(("c1", "c2", "c3", "c5"), 90))
    before = len(server.asked)
    found, _ = read(changed, around, cursor)
    assert "c4-v130" in {record.ref.id for record in found}
    assert [asked.target[:11] for asked in server.asked[before:] if "/visits" in asked.target] == ["/clients/c4"]


def test_a_record_that_is_gone_before_its_list_is_asked_for_stops_nothing(opened, desk):
    _, connection, around = opened
    desk.gone = {"c2"}
    found, _ = read(connection(), around)
    assert {record.payload["whose"] for record in found} == {"c1", "c4", "c5"}


def test_a_form_carries_what_stands_inside_in_brackets(opened, desk):
    _, connection, around = opened
    record = {"svc": "TX 9", "paid": True, "rooms": ["a", "b"], "meta": {"hub": "vis-1"}, "note": None}
    with open_sink(connection(), around) as sink:
        sink.send(Write(Kind.VISIT, "vis-1", "key-1", None, record))
    [(kind, fields)] = desk.posted
    assert kind == "application/x-www-form-urlencoded"
    expected = {"visit[svc]": "TX 9", "visit[paid]": "true", "visit[rooms][0]": "a", "visit[rooms][1]": "b"}
    assert fields == expected | {"visit[meta][hub]": "vis-1", "ref": "key-1"}, "a blank clears a note that is null"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "stream: patient",
            "stream: visit",
            "there is no other stream visit that is read by itself. There are: patient",
        ),
        ("clients/{client}/visits", "clients/{guest}/visits", "{guest} is not known here. Known: client"),
        ("path: clients/{client}/visits\n      for_each", "path: visits\n      for_each", "{client} stands nowhere"),
        ("put: whose", "puts: whose", "puts"),
        (
            'send: form, body: {visit: "{record}", ref: "{key}"}',
            'send: form, body: "{key} {record}"',
            "no table of fields",
        ),
        ("hub_id: meta.hub", "sees: {sweep: {}}", "a stream with for_each is not read again"),
    ],
)
def test_a_mistake_is_found_when_the_file_is_read_with_line_and_key(old, new, said):
    text = FILE.format(url="https://n.example", of="").replace(old, new)
    line = text[: text.rindex(new.splitlines()[-1])].count("\n") + 1
    with pytest.raises(InvalidInput) as caught:
        read_connection(text, "nested.yaml")
    found = [str(problem) for problem in caught.value.problems]
    assert any(said in one and one.startswith(f"nested.yaml:{line}: streams.visit.") for one in found), found
