"""A connection is declared in YAML; whatever is wrong with one is a message with file, line, key and what to do."""

import copy
import re
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.canonical.ids import Kind
from hub.connectors.kit.connection import read_connection
from hub.errors import InvalidInput, Problem
from tests.connectors.connections import REST
from tests.peers.processes import PROJECT

FILE = "connections/glow-crm.yaml"


def changed(old: str, new: str) -> tuple[str, int]:
    """The file with one thing changed, and on which line."""
    assert REST.count(old) == 1, old
    return REST.replace(old, new), REST[: REST.index(old)].count("\n") + 1


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        read_connection(text, FILE)
    return caught.value.problems


def test_a_file_says_what_moves_which_way():
    connection = read_connection(REST, FILE)
    assert (connection.pull, connection.push) == ((Kind.PATIENT, Kind.VISIT), (Kind.PATIENT,))
    patient = connection.streams[Kind.PATIENT]
    assert patient.read.since.overlap == timedelta(minutes=2)
    assert connection.streams[Kind.VISIT].read.id == ("branch", "number")
    assert [scheme.scheme for scheme in connection.auth] == ["bearer", "header"]


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("connector: rest", "connector: ret", "connector", "'rest'"),
        ("base_url: https", "base_uri: https", "base_uri", "unknown key"),
        ("base_url: https://api", "base_url: http://api", "base_url", "not encrypted"),
        ("zone: America/Chicago", "zone: Mars/Olympus", "zone", "IANA zone"),
        ("scheme: bearer", "scheme: barer", "auth[0].scheme", "unknown scheme 'barer'"),
        ("{env: GLOW_TOKEN}", "glow-12345", "auth[0].token", "{env: NAME}"),
        ("{env: GLOW_TOKEN}", "{env: GLOW_TOKEN, key: a}", "auth[0].token", "one place"),
        ("file: secrets.yaml, key", "file: ../secrets.yaml, key", "auth[1].value", "inside the practice folder"),
        ("{Glow-Version: ", "{Authorization: ", "headers.Authorization", "a secret is never written here"),
        ("{requests: 10, per", "{requests: 0, per", "limits.rate[0].requests", "less than 1"),
        ("patient:", "patent:", "streams.patent", "'patient'"),
        ("path: /clients\n      records", "pth: /clients\n      records", "streams.patient.read.pth", "unknown key"),
        ("records: data.items", "records: data..items", "streams.patient.read.records", "not a path"),
        ("by: cursor", "by: curser", "streams.patient.read.paging.by", "unknown by 'curser'"),
        ("next: meta.next, ", "", "streams.patient.read.paging.next", "is missing"),
        ("modified: updated_at\n", "version: v\n", "streams.patient.read.since", "Add 'modified'"),
        ("overlap: 2m", "overlap: two", "streams.patient.read.since.overlap", "30s, 2m"),
        ("key_header: Idempotency-Key", "method: PUT", "streams.patient.write.create", "twice"),
        ('"/clients/{id}", body', '"/clients/{ident}", body', "streams.patient.write.update.path", "{ident}"),
        ("direction: pull", "direction: push", "streams.visit.write", "how is not said"),
        ("direction: pull", "direction: inward", "streams.visit.direction", "Known: both, pull, push"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_key_and_what_to_do(old, new, field, said):
    text, line = changed(old, new)
    [problem] = problems_of(text)
    assert (problem.file, problem.field) == (FILE, field)
    assert line <= (problem.line or 0) <= line + 1 or said in (
        "is missing",
        "twice",
        "how is not said",
        "Add 'modified'",
    )
    assert said in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://auth.example/token", "not encrypted"),
        ("ftp://auth.example/token", "neither an address"),
        ("//auth.example/token", "neither an address"),
        ("https:///token", "neither an address"),
        ('""', "too short"),
    ],
)
def test_a_token_is_fetched_from_an_encrypted_address_or_from_a_path_below_the_systems_own(url, said):
    text, line = changed("auth:\n", f"auth:\n  - {{{_GRANT.format(url)}}}\n")
    [problem] = problems_of(text)
    assert (problem.line, problem.field) == (line + 1, "auth[0].token_url")
    assert said in problem.message
    assert not list(read_connection(text.replace(url, "token"), FILE).find_problems())


_GRANT = "scheme: oauth2_client_credentials, client_id: hub, client_secret: {{env: SECRET}}, token_url: {}"


def test_the_example_of_the_grammar_s_page_is_right():
    page = (PROJECT / "docs" / "connections.md").read_text(encoding="utf-8")
    example, *_ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    connection = read_connection(example, FILE)
    assert (connection.pull, connection.push) == ((Kind.PATIENT,), (Kind.PATIENT,))


def test_everything_that_is_wrong_is_said_at_once():
    text = REST.replace("concurrent: 2", "concurent: 2").replace("next: meta.next, ", "").replace("rest\n", "soap\n")
    assert {problem.field for problem in problems_of(text)} == {
        "limits.concurent",
        "streams.patient.read.paging.next",
        "connector",
    }


def test_a_secret_that_somebody_wrote_into_the_file_is_not_repeated_in_the_message():
    for literal in ("sk_live_4711", "{value: sk_live_4711}", "[sk_live_4711]", "sk_live_4711: x"):
        text, _ = (
            changed("{env: GLOW_TOKEN}", literal) if ": x" not in literal else changed("{env: GLOW_TOKEN}", "4711")
        )
        assert all("4711" not in str(problem) for problem in problems_of(text))


def test_what_a_connector_knows_by_itself_is_not_said():
    head = "system: ehr\nconnector: fhir_r4\nmappings: m\nbase_url: https://x.example\n"
    text = f"{head}streams:\n  visit:\n    read: {{id: a}}\n"
    [problem] = problems_of(text)
    assert (problem.line, problem.field, problem.hint) == (7, "streams.visit.read", "Remove it")


@pytest.mark.parametrize("connector", ["rest", "graphql", "fhir_r4", "legacy_export"])
def test_a_system_without_its_place_is_refused(connector):
    [problem] = problems_of(f"system: x\nconnector: {connector}\nmappings: x\n")
    assert problem.field == ("folder" if connector == "legacy_export" else "base_url")


_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=True), st.text(max_size=8), st.just("{id}")
)
_JUNK = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, inner in parts for place in _places(inner, (*at, key)))]


WHOLE = yaml.safe_load(REST)


def said_of(text: str) -> tuple[Problem, ...]:
    try:
        read_connection(text, FILE)
    except InvalidInput as error:
        return error.problems
    return ()


@settings(max_examples=200)
@given(st.data())
def test_no_broken_file_ever_ends_in_anything_but_problems(data):
    broken = copy.deepcopy(WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(_places(broken)[1:]))
        node = broken
        for key in way:
            node = node[key]
        change = data.draw(st.sampled_from(["junk", "drop", "rename"]))
        if change == "junk" or isinstance(node, list):
            node[last] = data.draw(_JUNK)
        else:
            value = node.pop(last)
            if change == "rename":
                node[f"{last}x"] = value
        if len(_places(broken)) == 1:
            break
    assert all(problem.file == FILE and problem.line and problem.message for problem in said_of(yaml.safe_dump(broken)))


@settings(max_examples=200)
@example(place=REST.index("glow-crm"), junk="!", gone=0)
@example(place=REST.index("10,"), junk="9" * 5000, gone=0)
@given(
    place=st.integers(0, len(REST) - 1),
    junk=st.text(alphabet=" \n\t:{}[],-&*!|>'\"#%@ab\0\u0085", max_size=3),
    gone=st.integers(0, 30),
)
def test_no_broken_text_ever_ends_in_anything_but_problems(place, junk, gone):
    said = said_of(REST[:place] + junk + REST[place + gone :])
    assert all(problem.file == FILE and problem.message for problem in said)
