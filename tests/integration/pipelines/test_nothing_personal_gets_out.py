"""Runs are kept and shown without sign-in: no name and no telephone number may be in them, and nobody may be called."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from sqlalchemy import text

from hub.canonical.ids import Kind
from hub.errors import NeedsAttention, Problem, RecordRejected
from hub.pipelines.expectations import Expectation
from hub.pipelines.instance import open_instance
from hub.ports.verifications import CheckState
from tests.database import Database
from tests.integration.pipelines.conftest import Pipelines, failed_checks

NAME = "Zyxwena"
PHONE = "512 555 98765432109"
PERSONAL = (NAME.encode(), PHONE.encode())


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster as the hub sets it up, on disk; the user's own home is elsewhere."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", "")  # put back as it was, after the hub has set it
    with open_instance(tmp_path / "dagster") as opened:
        yield opened


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whom Python's sockets tried to reach, by any address but a file's."""
    tried: list[object] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX:
            tried.append(address)
            raise OSError("nobody is called from a test")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", noted)
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: tried.append(host) or [])
    return tried


def plant(database: Database) -> None:
    """A patient whom nobody would miss, of whom several things are wrong."""
    with database.owner.begin() as connection:
        patient = connection.execute(text("SELECT min(patient_id) FROM visit WHERE NOT contested")).scalar_one()
        told = {"id": patient, "name": NAME, "phone": PHONE}
        connection.execute(text("UPDATE patient SET given_name = :name, phone = :phone WHERE id = :id"), told)
        connection.execute(text("UPDATE visit SET note = :name, service_id = NULL WHERE patient_id = :id"), told)


def holds_personal(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files, "nothing was written at all"
    return [path.name for path in files if any(value in path.read_bytes() for value in PERSONAL)]


def test_failed_validation_leaves_no_personal_value_anywhere(
    *,
    imported: Database,
    pipelines: Pipelines,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    plant(imported)
    with caplog.at_level(logging.INFO):
        ran = pipelines.run(imported, instance)
    wrong = {"contacts_are_in_their_normal_form", "imported_visits_say_who_what_and_where"}
    assert {one for one in failed_checks(instance, ran.run_id) if "totals" not in one} == wrong
    assert holds_personal(tmp_path) == []
    told = capfd.readouterr()
    everything = "".join([told.out, told.err, caplog.text, *pipelines.lines])
    assert NAME not in everything
    assert PHONE not in everything


def test_expectation_that_breaks_on_a_value_says_only_that_it_broke(
    imported: Database, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from hub.pipelines.validation import Judge, Outcome

    plant(imported)
    breaks = Expectation("breaks", "Names are numbers.", "SELECT 1 FROM patient WHERE given_name::int = 1")
    with caplog.at_level(logging.INFO), Judge(imported.url, {}) as judge:
        assert judge.validate([breaks]) == {"breaks": Outcome(CheckState.BROKEN)}
    told = capfd.readouterr()
    assert NAME not in told.out + told.err + caplog.text


def refused(system: str, kind: Kind) -> None:
    try:
        int(f"{NAME} has the number {PHONE}")
    except ValueError as error:
        problem = Problem(f"{NAME} is no name", code="bad_name")
        raise RecordRejected(problem) from error


def broken(system: str, kind: Kind) -> None:
    raise KeyError(NAME + PHONE)


@pytest.mark.parametrize(("pull", "said"), [(refused, "RecordRejected: bad_name"), (broken, "KeyError, at ")])
def test_failed_step_keeps_the_class_and_the_codes_of_its_error_and_no_value(
    pull: object, said: str, pipelines: Pipelines, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    ran = pipelines.run(SimpleNamespace(pull=pull), instance, 'key:"juniper-ehr/locations"')
    assert not ran.success
    assert [line for line in pipelines.lines if f"FAILED: {said}" in line]
    assert holds_personal(tmp_path) == []
    assert NAME not in "".join(pipelines.lines)


def test_failed_step_says_what_a_system_did_and_what_to_do(pipelines: Pipelines, instance: dg.DagsterInstance) -> None:
    def pull(system: str, kind: Kind) -> None:
        raise NeedsAttention(Problem("refuses the token", file="http://127.0.0.1:9/", hint="Renew it"))

    ran = pipelines.run(SimpleNamespace(pull=pull), instance, 'key:"juniper-ehr/locations"')
    assert not ran.success
    assert pipelines.lines == [
        "  juniper_ehr__locations       FAILED: NeedsAttention: http://127.0.0.1:9/: refuses the token. Renew it"
    ]


def test_run_calls_nobody_and_keeps_no_telemetry(
    imported: Database, pipelines: Pipelines, instance: dg.DagsterInstance, calls: list[object], tmp_path: Path
) -> None:
    assert pipelines.run(imported, instance).success
    assert calls == []
    assert not instance.telemetry_enabled
    assert not (tmp_path / "home").exists()
    assert not (tmp_path / "dagster" / "logs").exists()


def test_great_expectations_has_its_analytics_off() -> None:
    from hub.pipelines.validation import _context

    assert _context().config.analytics_enabled is False
