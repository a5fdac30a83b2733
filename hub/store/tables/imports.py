"""Histories that are moved here: where each row landed, one batch an attempt, one disposition a row."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import batch_number, flag, identity, instant, metadata, source_number

migration = Table(
    "migration",
    metadata,
    Column("system", Text, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("zone", Text, nullable=False, comment="IANA, of its wall times."),
    Column(
        "today",
        Date,
        nullable=False,
        comment="The day that all attempts take for today, so that a later one decides alike.",
    ),
    instant("started_at"),
    comment="Systems whose history is moved here.",
)

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
    Column(
        "stage",
        Text,
        nullable=False,
        server_default=text("'import'"),
        comment="What was done: land, load, replay, claim, account; import: a whole export at once.",
    ),
    Column("kind", Text),
    Column("month", Text, comment="YYYY-MM of a partition; empty: rows without a day, or all of them."),
    Column("fingerprint", Text, comment="Of all that decided the outcome: the same inputs are not done again."),
    flag("is_noted", default=False, comment="What it changed of rows that were there before stands in batch_note."),
    CheckConstraint("state IN ('running', 'loaded', 'failed', 'superseded', 'reversed')", name="state"),
    Index(
        "uq_import_batch_partition",
        "system",
        "stage",
        "kind",
        "month",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=text("state = 'loaded' AND stage <> 'import'"),
    ),
)

disposition = Table(
    "disposition",
    metadata,
    identity(),
    batch_number(nullable=False),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("source_key", Text, comment="The row's own id, where it has a readable one."),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, comment="Of a quarantined row its code; of a merged one why."),
    source_number(),
    Column("canonical_id", Text),
    Column("field", Text, comment="Of a quarantined row the columns in which it was: Date + Start. Never a value."),
    UniqueConstraint("batch_id", "file", "line"),
    CheckConstraint("verdict IN ('loaded', 'merged', 'quarantined', 'review')", name="verdict"),
    CheckConstraint("verdict <> 'quarantined' OR reason IS NOT NULL", name="reason"),
    comment="What became of every row of an imported file.",
)

landed_row = Table(
    "landed_row",
    metadata,
    batch_number(nullable=False),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("source_id", Text, nullable=False),
    source_number(nullable=False),
    Column("month", Text, nullable=False, comment="YYYY-MM of the version that counts; empty: it names no day."),
    Column("why", Text, comment="Why the row adds nothing; NULL: it is the version that counts."),
    PrimaryKeyConstraint("batch_id", "line", "file"),
    CheckConstraint("why IN ('repeated', 'superseded')", name="why"),
    Index("ix_landed_row_batch_id_month", "batch_id", "month"),
    comment="Every line of a landed file, and which of the versions of a record counts.",
)

history_conflict = Table(
    "history_conflict",
    metadata,
    Column("system", Text, nullable=False),
    Column(
        "unit", Text, nullable=False, comment="The field that both name: patient_id, provider_id, room_id, device_id."
    ),
    Column("unit_id", Text, nullable=False),
    Column("first_id", Text, ForeignKey("visit.id"), nullable=False),
    Column("second_id", Text, ForeignKey("visit.id"), nullable=False),
    PrimaryKeyConstraint("system", "unit", "first_id", "second_id"),
    Index("ix_history_conflict_first_id", "first_id"),
    Index("ix_history_conflict_second_id", "second_id"),
    comment="Visits of a moved history that could not both have happened; both are kept.",
)

mapping_version = Table(
    "mapping_version",
    metadata,
    Column("system", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("content", Text, nullable=False),
    instant("first_used_at"),
    PrimaryKeyConstraint("system", "kind", "fingerprint"),
    comment="Every mapping table that a history was ever read with. Append-only.",
)

batch_note = Table(
    "batch_note",
    metadata,
    Column("batch_id", BigInteger, ForeignKey("import_batch.id"), nullable=False),
    Column("what", Text, nullable=False, comment="The table."),
    Column("key", Text, nullable=False),
    Column("before", JSONB, comment="The whole row; NULL: the batch made it. Personal."),
    Column(
        "number",
        BigInteger,
        Identity(always=True),
        nullable=False,
        comment="The order of the notes of a row: batches run side by side.",
    ),
    PrimaryKeyConstraint("batch_id", "what", "key"),
    Index("ix_batch_note_what_key", "what", "key"),
    comment="Rows that a batch changed, as they were before it. Written by triggers alone.",
)

batch_reversal = Table(
    "batch_reversal",
    metadata,
    Column("batch_id", BigInteger, ForeignKey("import_batch.id"), primary_key=True, autoincrement=False),
    instant("at"),
    Column("by", Text, nullable=False, comment="Who answers for it."),
    Column("reason", Text, nullable=False),
    comment="Batches that were taken back. Append-only.",
)
