"""What Dagster is told of the demo's practice."""

import os
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import dagster as dg
import pytest

from hub.bootstrap import PracticeFolder
from hub.canonical.ids import Kind
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.spec.stream import Stream
from hub.errors import InvalidInput
from hub.pipelines.definitions import JOB, define
from hub.pipelines.instance import CONFIGURATION, prepare_home
from hub.pipelines.runs import PROCESS, bury_dead_runs, run
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


def test_push_waits_for_the_checked_history(defined: dg.Definitions) -> None:
    graph = defined.resolve_asset_graph()
    assert graph.get(dg.AssetKey(["juniper-ehr", "deliveries"])).parent_keys == {
        dg.AssetKey(["juniper-legacy", "visits"])
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
