"""What was passed over or waived, by whom and why: read from the audit rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine, text

_EXCEPTIONS = text("""
    SELECT at, actor, role, action, subject_id, reason, detail FROM audit_entry
    WHERE (jsonb_array_length(coalesce(detail -> 'overridden', '[]')) > 0 OR jsonb_exists(detail, 'waived'))
    AND at >= coalesce(CAST(:first AS timestamptz), '-infinity')
    AND at < coalesce(CAST(:after AS timestamptz), 'infinity') ORDER BY id""")


@dataclass(frozen=True, slots=True)
class RuleException:
    """Somebody did not apply a rule to a visit or hold. Nothing in it is personal."""

    at: datetime
    actor: str
    role: str | None
    action: str
    visit_id: str
    reason: str | None
    detail: Mapping[str, Any]
    """`overridden`: the codes; `waived` and `waived_minor`: what, and how much in minor units of the price."""


def load_exceptions(engine: Engine, first: date | None, last: date | None) -> tuple[RuleException, ...]:
    """Those of these UTC days, both counted, None without a bound, in the order in which they happened."""
    days = {"first": _midnight(first), "after": _midnight(last + timedelta(days=1)) if last else None}
    with engine.connect() as connection:
        rows = connection.execute(_EXCEPTIONS, days).all()
    return tuple(RuleException(*row) for row in rows)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=UTC) if day else None
