"""The files of an export that a connection of the connector `legacy_export` names, as the example lays them out."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from hub.connectors.export_files.layout import Layout
from hub.documents import parse

FILE = Path(__file__).parents[3] / "examples" / "legacy-export" / "migration.yaml"


class _LaidOut(BaseModel):
    """What of a `migration.yaml` speaks of files."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: Layout


@cache
def legacy_layout() -> Layout:
    """Seven files and what else the system may write, each with its columns."""
    return parse(FILE.read_text(encoding="utf-8"), str(FILE)).read_as(_LaidOut).source
