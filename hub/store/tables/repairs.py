"""Repairs of a day as they were proposed, and what was approved of them."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.store.tables.metadata import instant, metadata

repair_proposal = Table(
    "repair_proposal",
    metadata,
    Column("id", Text, primary_key=True),
    Column("location_id", Text, ForeignKey("location.id"), nullable=False),
    Column("on_date", Date, nullable=False, comment="Local."),
    Column("notice_minutes", Integer, nullable=False),
    Column(
        "proven",
        Boolean,
        nullable=False,
        comment="Whether no better plan exists; else the best that was found in the time.",
    ),
    Column("kept", Integer, nullable=False),
    Column("book_version", Text, nullable=False, comment="A digest of the day as it stood."),
    Column("made_by", Text, nullable=False),
    instant("made_at"),
    Column(
        "better",
        JSONB(none_as_null=True),
        comment="Where it is not proven: what another plan could be better in (aim), and how much (at_most).",
    ),
    CheckConstraint("notice_minutes >= 0", name="notice_minutes"),
    Index("ix_repair_proposal_location_id_on_date", "location_id", "on_date"),
    comment="Append-only: how a day that no longer fits could be repaired.",
)

repair_change = Table(
    "repair_change",
    metadata,
    Column("proposal_id", Text, ForeignKey("repair_proposal.id"), nullable=False),
    Column("visit_id", Text, ForeignKey("visit.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("trip_id", Text),
    Column(
        "fate", Text, nullable=False, comment="kept: at its time, with other resources; unplaced: it stays, flagged."
    ),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("to_at", DateTime(timezone=True), nullable=False),
    Column("from_resources", JSONB, nullable=False, comment="Need name → resource, all of them."),
    Column("to_resources", JSONB, nullable=False),
    Column("why", ARRAY(Text), nullable=False, comment="Codes: what it lacks where it stands, or makes_room."),
    Column("applied_at", DateTime(timezone=True)),
    Column("applied_by", Text),
    PrimaryKeyConstraint("proposal_id", "visit_id"),
    UniqueConstraint("proposal_id", "number"),
    CheckConstraint("fate IN ('kept', 'moved', 'unplaced')", name="fate"),
    CheckConstraint("(applied_at IS NULL) = (applied_by IS NULL)", name="applied"),
    Index("ix_repair_change_visit_id", "visit_id"),
    comment="What a proposal would do to one visit.",
)
