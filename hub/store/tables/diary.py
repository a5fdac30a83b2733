"""What the database notes of changes to the schedule, so that a copy of it is never stale."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Index, Table, Text

from hub.store.tables.metadata import metadata

diary_change = Table(
    "diary_change",
    metadata,
    Column(
        "transaction_id", BigInteger, nullable=False, comment="The full number (xid8) of the transaction that wrote."
    ),
    Column("subject", Text, nullable=False),
    Column("subject_id", Text, nullable=False, comment="A resource's or product's id."),
    Column("first_on", Date, nullable=False, comment="UTC days of a claim, local dates of a promise."),
    Column("last_on", Date, nullable=False),
    CheckConstraint("subject IN ('resource', 'promise', 'lot', 'all')", name="subject"),
    Index("ix_diary_change_transaction_id", "transaction_id"),
    comment="Written by triggers alone; the notes of the last 20000 transactions are kept.",
)
