"""Imports of exported files: one batch a run, one disposition a row."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import identity, instant, metadata

import_batch = Table(
    "import_batch",
    metadata,
    identity(),
    Column("system", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("file_hashes", JSONB, nullable=False, comment="File name → SHA-256 of what was read."),
    Column("state", Text, nullable=False, server_default=text("'running'")),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    instant("started_at"),
    instant("finished_at", nullable=True),
    CheckConstraint("state IN ('running', 'loaded', 'failed', 'reversed')", name="state"),
)

disposition = Table(
    "disposition",
    metadata,
    identity(),
    Column("batch_id", BigInteger, ForeignKey("import_batch.id"), nullable=False),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("source_key", Text, comment="The row's own id, where it has a readable one."),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, comment="Of a quarantined row its code; of a merged one why."),
    Column("source_record_id", BigInteger, ForeignKey("source_record.id")),
    Column("canonical_id", Text),
    UniqueConstraint("batch_id", "file", "line"),
    CheckConstraint("verdict IN ('loaded', 'merged', 'quarantined')", name="verdict"),
    CheckConstraint("verdict <> 'quarantined' OR reason IS NOT NULL", name="reason"),
    Index("ix_disposition_batch_id_verdict", "batch_id", "verdict"),
    comment="What became of every row of an imported file.",
)
