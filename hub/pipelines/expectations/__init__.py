"""What must hold of an imported history: one SQL file for each expectation, named after it.

Each selects what contradicts it, by keys and numbers only, and reads nothing but the database. To look into a failure:
`psql -v system=juniper-legacy -v zone=America/Chicago -f hub/pipelines/expectations/<name>.sql`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

_VARIABLE = re.compile(r":'(\w+)'")  # as psql writes them


@dataclass(frozen=True, slots=True)
class Expectation:
    """A rule that no row may contradict."""

    name: str
    says: str
    unexpected: str
    """SQL that selects what contradicts the rule."""


def history_expectations(system: str, zone: str) -> tuple[Expectation, ...]:
    """The expectations of the history imported from `system`, whose wall times are in `zone` (IANA), by name."""
    variables = {"system": system, "zone": zone}
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")]
    texts = {file.name.removesuffix(".sql"): file.read_text(encoding="utf-8") for file in files}
    return tuple(_read(name, texts[name], variables) for name in sorted(texts))


def _read(name: str, text: str, variables: Mapping[str, str]) -> Expectation:
    lines = text.splitlines()
    said = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    sql = "\n".join(line for line in lines if not line.startswith("--"))
    return Expectation(name, " ".join(said), _VARIABLE.sub(lambda found: _quoted(variables[found[1]]), sql).strip())


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
