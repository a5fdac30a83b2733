"""What happened, who looked and did, and what waits for a person. Events and audit rows are append-only."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.store.tables.metadata import identity, instant, metadata

domain_event = Table(
    "domain_event",
    metadata,
    identity(),
    instant("at"),
    Column("name", Text, nullable=False, comment="Past tense: visit_booked."),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("data", JSONB, nullable=False, server_default=text("'{}'"), comment="Ids and numbers; nothing personal."),
    Index("ix_domain_event_subject_kind_subject_id", "subject_kind", "subject_id"),
    comment="Append-only.",
)

audit_entry = Table(
    "audit_entry",
    metadata,
    identity(),
    instant("at"),
    Column("actor", Text, nullable=False),
    Column("role", Text),
    Column("action", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("patient_id", Text, comment="Whose data it was, for the patient's own account of access."),
    Column("reason", Text),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'"), comment="Ids and codes; nothing personal."),
    Index("ix_audit_entry_subject_kind_subject_id", "subject_kind", "subject_id"),
    Index("ix_audit_entry_patient_id", "patient_id"),
    comment="Append-only; sealed in batches by audit_seal.",
)

audit_seal = Table(
    "audit_seal",
    metadata,
    identity(),
    Column("previous_id", BigInteger, ForeignKey("audit_seal.id"), unique=True),
    Column("first_entry_id", BigInteger, ForeignKey("audit_entry.id"), nullable=False),
    Column("last_entry_id", BigInteger, ForeignKey("audit_entry.id"), nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("hash", Text, nullable=False, comment="Over the previous seal's hash and the entries in order."),
    instant("sealed_at"),
    comment="Append-only: one link of the chain for a batch of entries.",
)

review_issue = Table(
    "review_issue",
    metadata,
    identity(),
    Column("kind", Text, nullable=False, comment="overlap, ambiguous_match …"),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("codes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'"), comment="Ids and codes; nothing personal."),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    instant("opened_at"),
    instant("closed_at", nullable=True),
    Column("closed_by", Text),
    CheckConstraint("state IN ('open', 'resolved', 'dismissed')", name="state"),
    Index(
        "uq_review_issue_open",
        "kind",
        "subject_kind",
        "subject_id",
        unique=True,
        postgresql_where=text("state = 'open'"),
    ),
    comment="Something a person must decide; one open issue of a kind for each subject.",
)
