"""Which forms patients signed."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Table, Text, text

from hub.store.tables.metadata import instant, lineage, metadata, provenance

consent = Table(
    "consent",
    metadata,
    Column("id", Text, primary_key=True),
    Column("patient_id", Text, ForeignKey("patient.id"), nullable=False),
    Column("form_id", Text, nullable=False, comment="Of the practice file."),
    Column("version", Text, nullable=False),
    Column("state", Text, nullable=False),
    instant("prepared_at"),
    instant("signed_at", nullable=True),
    Column("valid_until", Date, comment="The last local date on which it holds; None: until it is withdrawn."),
    instant("voided_at", nullable=True),
    Column("document", Text, comment="The reference of the signed document where it is kept; never its content."),
    CheckConstraint("state IN ('prepared', 'signed', 'void')", name="state"),
    *provenance(),
    lineage(),
    CheckConstraint("state = 'void' OR (state = 'prepared') = (signed_at IS NULL)", name="signed"),
    CheckConstraint("(state = 'void') = (voided_at IS NOT NULL)", name="voided"),
    Index("ix_consent_patient_id", "patient_id"),
    Index(
        "uq_consent_prepared",
        "patient_id",
        "form_id",
        "version",
        unique=True,
        postgresql_where=text("state = 'prepared'"),
    ),
    comment="That a patient signed a form, not what was signed.",
)
