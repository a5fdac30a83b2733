"""What the hub holds, counted: one look at the whole database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, column, func, select, table

from hub.store.tables import review_issue, source_link, source_record, visit

Counts = Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Overview:
    """Numbers only, each under the words that the tables use."""

    landed: Counts
    """(system, kind): records as they came, every state of them."""
    linked: Counts
    """(system, kind): records of the system that are canonical ones."""
    visits: Counts
    """(state,)."""
    dispositions: Counts
    """(system, file, verdict, reason or ""), by the last attempt that counts."""
    issues: Counts
    """(kind,): open ones."""


def load_overview(engine: Engine) -> Overview:
    """Count everything, at one moment."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as look:
        return Overview(
            landed=_count(look, source_record.c.system, source_record.c.kind),
            linked=_count(look, source_link.c.system, source_link.c.kind),
            visits=_count(look, visit.c.state),
            dispositions=_dispositions(look),
            issues=_count(look, review_issue.c.kind, only=review_issue.c.state == "open"),
        )


def _dispositions(look: Connection) -> Counts:
    said = table("current_disposition", column("system"), column("file"), column("verdict"), column("reason")).c
    columns = said.system, said.file, said.verdict, func.coalesce(said.reason, "")
    return _read(look, select(*columns, func.count()).group_by(*columns).order_by(*columns))


def _count(look: Connection, *columns: Any, only: Any = None) -> Counts:
    query = select(*columns, func.count()).group_by(*columns).order_by(*columns)
    return _read(look, query if only is None else query.where(only))


def _read(look: Connection, query: Select[Any]) -> Counts:
    return {tuple(row[:-1]): row[-1] for row in look.execute(query)}
