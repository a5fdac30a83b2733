"""Proofs of a moved history, and who signed for it. Nothing personal stands in any of them. Append-only."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import identity, instant, metadata

verification = Table(
    "verification",
    metadata,
    identity(),
    Column("system", Text, nullable=False),
    Column("data_hash", Text, nullable=False, comment="Of all that was verified, taken before the first check."),
    instant("verified_at"),
    Index("ix_verification_system", "system"),
    comment="Each attempt to prove a moved history.",
)

verification_check = Table(
    "verification_check",
    metadata,
    Column("verification_id", BigInteger, ForeignKey("verification.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("says", Text, nullable=False, comment="The rule, in words."),
    Column("state", Text, nullable=False),
    Column("looked_at", BigInteger, comment="How many rows or values were compared, where that was counted."),
    Column("findings", BigInteger, nullable=False, comment="How many contradict it."),
    Column("examples", JSONB, nullable=False, comment="A few of them: files, lines, ids and numbers."),
    Column("because", Text, comment="Why the practice lives with it."),
    Column("accepted_by", Text),
    PrimaryKeyConstraint("verification_id", "name"),
    CheckConstraint("state IN ('ok', 'failed', 'accepted', 'broken')", name="state"),
    comment="What each check of an attempt found; broken: it could not be judged.",
)

verification_total = Table(
    "verification_total",
    metadata,
    Column("verification_id", BigInteger, ForeignKey("verification.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("said", BigInteger, nullable=False, comment="How many the landed text says, read by PostgreSQL alone."),
    Column("found", BigInteger, nullable=False, comment="How many stand in the hub."),
    Column("said_minor", BigInteger, comment="Their money, in cents."),
    Column("found_minor", BigInteger),
    PrimaryKeyConstraint("verification_id", "kind", "dimension", "value"),
    comment="Control totals of an attempt, side by side.",
)

migration_signature = Table(
    "migration_signature",
    metadata,
    identity(),
    Column("verification_id", BigInteger, ForeignKey("verification.id"), nullable=False),
    Column("name", Text, nullable=False, comment="Who answers for it."),
    Column("data_hash", Text, nullable=False, comment="Of all that it speaks of."),
    instant("signed_at"),
    Index("ix_migration_signature_verification_id", "verification_id"),
    comment="A signature speaks of the data of its hash and of no other.",
)
