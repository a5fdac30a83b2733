"""What Dagster is told of the demo's practice."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest

from hub.bootstrap import Hub, PracticeFolder
from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.spec.stream import Stream
from hub.errors import InvalidInput, Problem, RetryLater
from hub.operations.pull_changes import PullResult
from hub.operations.push_changes import PushResult
from hub.operations.work_inbox import InboxResult
from hub.pipelines.definitions import JOB, define
from hub.pipelines.instance import CONFIGURATION, prepare_home
from hub.pipelines.runs import PROCESS, Ran, bury_dead_runs, run
from hub.settings import PROJECT

ASSETS = """\
juniper-ehr/deliveries
juniper-ehr/locations
juniper-ehr/patients
juniper-ehr/providers
juniper-ehr/resources
juniper-ehr/visits
juniper-legacy/patients
juniper-legacy/providers
juniper-legacy/services
juniper-legacy/visits
"""


@pytest.fixture
def defined(folder: PracticeFolder) -> dg.Definitions:
    return define(tuple(folder.connections.values()), "America/Chicago", nullcontext, print)  # type: ignore[arg-type]


def keys(defined: dg.Definitions) -> list[str]:
    return sorted(key.to_user_string() for key in defined.resolve_asset_graph().get_all_asset_keys())


def test_every_system_has_an_asset_for_each_kind_it_moves(defined: dg.Definitions) -> None:
    assert keys(defined) == ASSETS.split()


def test_push_waits_for_the_checked_history_and_for_its_own_system(defined: dg.Definitions) -> None:
    graph = defined.resolve_asset_graph()
    pulled = {graph.get(key).key for key in graph.get_all_asset_keys() if graph.get(key).group_name == "pull"}
    assert {key.path[0] for key in pulled} == {"juniper-ehr"}
    assert graph.get(dg.AssetKey(["juniper-ehr", "deliveries"])).parent_keys == {
        dg.AssetKey(["juniper-legacy", "visits"]),
        *pulled,
    }
    checks = [graph.get(key) for key in graph.asset_check_keys]
    assert checks
    assert all(check.blocking for check in checks)
    assert {check.key.asset_key.to_user_string() for check in checks} == {"juniper-legacy/visits"}


def test_visits_are_pulled_after_what_they_refer_to(defined: dg.Definitions) -> None:
    visits = defined.resolve_asset_graph().get(dg.AssetKey(["juniper-ehr", "visits"]))
    assert {key.path[1] for key in visits.parent_keys} == {"locations", "resources", "providers", "patients"}


def test_connection_that_is_added_brings_its_assets() -> None:
    streams = {Kind.VISIT: Stream(direction="both")}
    other = Connection(system="other-emr", connector="fhir_r4", mappings="fhir-r4", streams=streams)
    assert keys(define([other], "UTC", nullcontext, print)) == [  # type: ignore[arg-type]
        "other-emr/deliveries",
        "other-emr/visits",
    ]


def test_what_a_system_rings_for_is_an_asset_before_it_is_told_anything() -> None:
    graph = define([_ringing("glow")], "UTC", nullcontext, print).resolve_asset_graph()  # type: ignore[arg-type]
    told = graph.get(dg.AssetKey(["glow", "deliveries"]))
    assert told.parent_keys == {dg.AssetKey(["glow", "visits"]), dg.AssetKey(["glow", "events"])}


def _ringing(system: str) -> Connection:
    signature = {"scheme": "token", "header": "X-Hook", "token": {"env": "HOOK"}}
    webhooks = {"signature": signature, "type": "type", "record": "id", "kinds": {"visit.*": "visit"}}
    said = {"system": system, "connector": "fhir_r4", "mappings": "fhir-r4", "webhooks": webhooks}
    return Connection.model_validate({**said, "streams": {"visit": {"direction": "both"}}})


@dataclass
class Counting:
    """In place of a hub: it writes down who is asked and told, in order."""

    down: str = ""
    done: list[str] = field(default_factory=list)
    heard: int = 0
    sent: int = 0

    @property
    def exchange(self) -> "Counting":
        return self

    def pull(self, system: str, kind: Kind) -> PullResult:
        self.done.append(f"pull {system} {kind}")
        if system == self.down:
            raise RetryLater(Problem("nobody answers", "unreachable"))
        return PullResult()

    def push(self, system: str) -> PushResult:
        self.done.append(f"push {system}")
        self.sent += 1
        return PushResult(sent=1)

    def work_inbox(self, system: str) -> InboxResult:
        self.done.append(f"events {system}")
        self.heard += 2
        return InboxResult(events=2, records=1)

    def count_heard(self, _system: str) -> int:
        return self.heard

    def count_sent(self, _system: str) -> int:
        return self.sent

    def round(self, instance: dg.DagsterInstance) -> Ran:
        """A tracked run of two systems that ring."""

        @contextmanager
        def opening() -> Iterator[Hub]:
            yield self  # type: ignore[misc]

        defined = define([_ringing("glow"), _ringing("aura")], "UTC", opening, lambda _line: None)
        return run(defined, JOB, instance)


def test_nobody_is_told_before_everybody_was_asked() -> None:
    hub = Counting()
    with dg.DagsterInstance.ephemeral() as instance:
        assert hub.round(instance).success
    assert sorted(hub.done[:4]) == ["events aura", "events glow", "pull aura visit", "pull glow visit"]
    assert sorted(hub.done[4:]) == ["push aura", "push glow"]


def test_a_system_that_is_down_keeps_no_other_one_from_being_told() -> None:
    hub = Counting(down="aura")
    with dg.DagsterInstance.ephemeral() as instance:
        assert not hub.round(instance).success
    assert [one for one in hub.done if one.startswith("push")] == ["push glow"]


def test_what_whoever_serves_has_done_between_two_runs_is_seen_in_the_next_one() -> None:
    hub = Counting()
    with dg.DagsterInstance.ephemeral() as instance:
        hub.round(instance)
        hub.heard, hub.sent = hub.heard + 50, hub.sent + 30
        hub.done.clear()
        hub.round(instance)
        seen = {name: _metadata(instance, name) for name in ("events", "deliveries")}
    assert (seen["events"]["events"], seen["events"]["since_last_run"]) == (2, 54), "two systems share this one count"
    assert (seen["deliveries"]["sent"], seen["deliveries"]["since_last_run"]) == (1, 32)


def _metadata(instance: dg.DagsterInstance, name: str) -> dict[str, object]:
    event = instance.get_latest_materialization_event(dg.AssetKey(["glow", name]))
    assert event is not None
    assert event.asset_materialization is not None
    return {key: value.value for key, value in event.asset_materialization.metadata.items()}


def test_where_a_vendor_owns_a_calendar_what_is_undecided_is_settled_by_a_run() -> None:
    defined = define([], "UTC", nullcontext, print, asks_vendors=True)  # type: ignore[arg-type]
    assert keys(defined) == ["hub/undecided"]


@pytest.mark.parametrize("select", ["key:nobody", "key:juniper-ehr/*", "((", "group:none"])
def test_selection_that_selects_nothing_is_refused_with_what_there_is(defined: dg.Definitions, select: str) -> None:
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(InvalidInput, match="--select") as refused:
        run(defined, JOB, instance, select)
    assert "juniper" in str(refused.value)


def test_workspace_loads(tmp_path: Path) -> None:
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path), "HOME": str(tmp_path)}
    (tmp_path / "dagster.yaml").write_text(CONFIGURATION)
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"]
    done = subprocess.run(command, check=False, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "hub" in done.stderr + done.stdout


def test_instance_keeps_the_configuration_that_a_person_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    prepare_home(tmp_path)
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    prepare_home(tmp_path)
    assert (tmp_path / "dagster.yaml").read_text() == "telemetry:\n  enabled: false\n"
    assert os.environ["DAGSTER_HOME"] == str(tmp_path)


@pytest.mark.parametrize(("dies", "status"), [(True, "FAILURE"), (False, "STARTED")])
def test_run_whose_process_was_killed_is_marked_by_the_next_one(
    defined: dg.Definitions, *, dies: bool, status: str
) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process, dg.DagsterInstance.ephemeral() as instance:
        if dies:
            process.kill()
            process.wait()
        left = instance.create_run_for_job(
            defined.resolve_job_def(JOB),
            status=dg.DagsterRunStatus.STARTED,
            tags={PROCESS: f"{socket.gethostname()}:{process.pid}"},
        )
        bury_dead_runs(instance)
        found = instance.get_run_by_id(left.run_id)
    assert found
    assert found.status.value == status
