"""What tests of several histories begin with."""

from pathlib import Path
from shutil import copytree

import pytest
import yaml

from tests.integration.migration.moved import FOLDER, Decide


@pytest.fixture
def decide(tmp_path: Path) -> Decide:
    """The example's folder with these decisions."""

    def write(**decisions: object) -> Path:
        folder = tmp_path / "migration"
        copytree(FOLDER, folder, dirs_exist_ok=True)
        (folder / "decisions.yaml").write_text(yaml.safe_dump(decisions), encoding="utf-8")
        return folder

    return write
