"""Who waits for a time to be freed, and what was freed and nobody was asked about yet."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import identity, instant, metadata

waitlist_entry = Table(
    "waitlist_entry",
    metadata,
    Column("id", Text, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("location_id", Text, ForeignKey("location.id"), nullable=False),
    Column(
        "parts",
        JSONB,
        nullable=False,
        comment="What is asked for: service, patient, option, resources, package; ids only.",
    ),
    Column("channel", Text, nullable=False),
    Column("together", Boolean, nullable=False),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("hold_id", Text, comment="The hold they were offered; booked, it is the visit's id."),
    Column("offered_until", DateTime(timezone=True)),
    instant("joined_at"),
    instant("closed_at", nullable=True),
    UniqueConstraint("position"),
    CheckConstraint("state IN ('waiting', 'offered', 'booked', 'lapsed', 'left')", name="state"),
    CheckConstraint("first_on <= last_on", name="dates"),
    Index("ix_waitlist_entry_open", "position", postgresql_where=text("state IN ('waiting', 'offered')")),
    comment="Who waits for a time to be freed; served in the order of joining.",
)

freed = Table(
    "freed",
    metadata,
    identity(),
    Column("transaction_id", BigInteger, nullable=False),
    Column("owner_id", Text, nullable=False, comment="The visit or hold that took it."),
    Column("what", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    CheckConstraint("what IN ('claim', 'promise', 'credit', 'visit')", name="what"),
    Index("ix_freed_transaction_id", "transaction_id"),
    comment="What visits and holds took and take no more, as long as the waitlist was not asked.",
)
