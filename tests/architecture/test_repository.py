"""What must never stand in a file of the repository, and that migrations form one line."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
REGISTRIES = re.compile(
    "|".join(["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.org", "deb" + r"ian\.org"])
)


def tracked_texts():
    names = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix != ".png":
            yield name, path.read_bytes().decode("utf-8", errors="replace")


def test_no_file_names_the_host_of_a_package_registry():
    assert [name for name, text in tracked_texts() if REGISTRIES.search(text)] == []


def test_csv_is_written_by_the_one_writer_that_escapes_formulas():
    writers = re.compile(r"csv\.writer|DictWriter")
    found = [name for name, text in tracked_texts() if name.startswith("hub/") and writers.search(text)]
    assert found == ["hub/tables/writing.py"]


def test_every_locked_requirement_has_a_hash():
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text(encoding="utf-8")
        requirements = re.findall(r"^[a-zA-Z0-9].*(?:\n +--hash=.*)*", text, flags=re.MULTILINE)
        assert requirements
        assert [r for r in requirements if "--hash=sha256:" not in r] == []


def test_migrations_form_one_line_by_their_numbers():
    folder = ROOT / "hub/store/migrations/versions"
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("m*.py"))]
    numbers = [f"{number:04}" for number in range(1, len(texts) + 1)]
    assert [path.name[1:5] for path in sorted(folder.glob("m*.py"))] == numbers
    assert [re.findall(r'^revision = "(\d+)"', text, re.MULTILINE)[0] for text in texts] == numbers
    assert [
        found for text in texts for found in re.findall(r'^down_revision = "(\d+)"', text, re.MULTILINE)
    ] == numbers[:-1]
