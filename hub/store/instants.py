"""Instants inside JSON of PostgreSQL: microseconds since 1970, which every session writes alike."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_of(expression: str) -> str:
    """SQL for a `timestamptz` as `read_instant` reads it."""
    return f"CAST(extract(epoch FROM {expression}) * 1000000 AS bigint)"


def read_instant(microseconds: int) -> datetime:
    """In UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)
