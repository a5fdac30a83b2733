"""Documents and forms that other systems keep: that they are at hand."""

from sqlalchemy import CheckConstraint, Column, Index, Table, Text, text

from hub.store.tables.metadata import flag, instant, lineage, metadata, provenance, reference

document = Table(
    "document",
    metadata,
    Column("id", Text, primary_key=True),
    reference("patient_id", "patient.id", nullable=False),
    reference("visit_id", "visit.id"),
    reference("provider_id", "provider.id"),
    Column("kind", Text),
    instant("written_at", nullable=True),
    Column("reference", Text, comment="Where it is kept; never its content."),
    flag("active", default=True),
    *provenance(),
    lineage(),
    Index("ix_document_patient_id", "patient_id"),
    Index("ix_document_visit_id", "visit_id", postgresql_where=text("visit_id IS NOT NULL")),
)

filled_form = Table(
    "filled_form",
    metadata,
    Column("id", Text, primary_key=True),
    reference("patient_id", "patient.id", nullable=False),
    Column("form_id", Text, nullable=False, comment="As its system names the form."),
    Column("version", Text),
    Column("state", Text, nullable=False),
    instant("filled_at", nullable=True),
    *provenance(),
    lineage(),
    CheckConstraint("state IN ('begun', 'completed', 'void')", name="state"),
    Index("ix_filled_form_patient_id", "patient_id"),
    comment="That a patient filled a form in, not what they answered.",
)
