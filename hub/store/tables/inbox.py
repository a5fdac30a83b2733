"""The inbox: what other systems rang for."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, Table, Text, UniqueConstraint, false, text

from hub.store.tables.metadata import identity, instant, metadata

inbox_event = Table(
    "inbox_event",
    metadata,
    identity(),
    Column("system", Text, nullable=False),
    Column("event_id", Text, comment="The system's own; without one each event counts."),
    Column("type", Text, nullable=False),
    Column("kind", Text, comment="NULL: of no interest."),
    Column("record_id", Text, comment="The record that it speaks of; NULL: it does not say which."),
    Column("gone", Boolean, nullable=False, server_default=false()),
    Column("merged_into", Text),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    instant("received_at"),
    instant("next_try_at"),
    instant("lease_until", nullable=True),
    instant("done_at", nullable=True),
    Column("last_error", Text, comment="What a person needs to know; never a personal value."),
    UniqueConstraint("system", "event_id"),
    CheckConstraint("state IN ('pending', 'leased', 'done', 'ignored', 'dead')", name="state"),
    Index("ix_inbox_event_due", "system", "next_try_at", postgresql_where=text("state IN ('pending', 'leased')")),
    comment="Events by webhook: what they speak of, not what they say.",
)
