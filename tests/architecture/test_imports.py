"""The layers of ARCHITECTURE.md, and what importing the command line may cost."""

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.application.use_cases import lint_imports
from importlinter.configuration import configure

ROOT = Path(__file__).parents[2]
HEAVY = ("dagster", "great_expectations", "pandas", "sqlalchemy", "fastapi", "fhir")


def test_imports_follow_the_contracts(monkeypatch):
    monkeypatch.chdir(ROOT)
    configure()
    assert lint_imports(config_filename="pyproject.toml", is_debug_mode=True, cache_dir=None)


def test_the_command_line_loads_nothing_heavy():
    code = f"import sys, hub.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"


def test_help_names_every_command():
    shown = subprocess.run(
        [sys.executable, "-m", "hub.cli", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    for command in ("demo", "up", "serve", "scenario", "pull", "import", "push", "find", "book"):
        assert f" {command} " in shown.stdout, command


@pytest.mark.parametrize("folder", [p.name for p in (ROOT / "hub").iterdir() if p.is_dir() and p.name != "__pycache__"])
def test_every_folder_of_the_hub_stands_in_the_architecture(folder):
    assert f"{folder}/" in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
