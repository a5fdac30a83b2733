import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.cli import main
from hub.operations.apply_practice import apply_practice
from tests.peers.processes import free_port

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Hub:
    """`hub` as a new user runs it, with a home and a practice folder of its own."""

    home: Path
    practice: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def environment(self, changes):
        return {"HUB_HOME": str(self.home), "HUB_PRACTICE": str(self.practice), **changes}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """In a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "hub.cli", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env={**os.environ, **self.environment(environment)},
            timeout=900,
        )

    def refusal(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Exit code and what is said, of a run in this process that must fail with a message and no traceback."""
        for name, value in self.environment(environment).items():
            self.monkeypatch.setenv(name, value)
        self.monkeypatch.setattr(sys, "argv", ["hub", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self.capsys.readouterr().err
        assert said.startswith("error: "), said
        return ended.value.code, said


@pytest.fixture(name="hub")
def _hub(tmp_path, monkeypatch, capsys):
    practice = tmp_path / "a practice"
    shutil.copytree(ROOT / "examples" / "juniper", practice)
    return Hub(tmp_path / "home", practice, monkeypatch, capsys)


@pytest.fixture
def desk(request, hub, store, database):
    """`desk(command, …)` gives the exit code, what is said, and what is said on stderr.

    The practice is the test module's `PRACTICE`; Ann and Bea are its patients.
    """
    practice = request.module.PRACTICE
    (hub.practice / "practice.yaml").write_text(practice, encoding="utf-8")
    apply_practice(store, practice, "practice.yaml")
    with store.begin("test") as work:
        work.records.save([Patient(id=PatientId("ann")), Patient(id=PatientId("bea"))])
    for name, value in hub.environment({"HUB_DATABASE_URL": database.text_url}).items():
        hub.monkeypatch.setenv(name, value)

    def say(*arguments):
        hub.monkeypatch.setattr(sys, "argv", ["hub", *arguments])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        said = hub.capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    return say


@pytest.fixture
def listening():
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free_ports():
    """Three ports that nobody listens on."""
    return [free_port() for _ in range(3)]
