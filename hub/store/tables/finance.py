"""Money that moved, was charged, or was paid ahead, as hub/canonical/finance.py describes it.

Packages stand with what they are used up by (stock.py): the table that the engine redeems from is the canonical one.
"""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import flag, lineage, metadata, provenance, reference


def _money(name: str, *, nullable: bool = False) -> "list[Column[Any]]":
    """An amount in minor units, and its currency."""
    return [
        Column(f"{name}_minor", BigInteger, nullable=nullable),
        Column(f"{name}_currency", Text, nullable=nullable),
    ]


invoice = Table(
    "invoice",
    metadata,
    Column("id", Text, primary_key=True),
    reference("patient_id", "patient.id", nullable=False),
    reference("visit_id", "visit.id"),
    Column("number", Text, comment="As the practice counts them."),
    Column("issued_on", Date),
    Column("due_on", Date),
    Column("state", Text, nullable=False),
    *_money("total"),
    Column("lines", JSONB, nullable=False, server_default=text("'[]'"), comment="They add up to the total, if any."),
    *provenance(),
    lineage(),
    CheckConstraint("state IN ('draft', 'open', 'paid', 'void')", name="state"),
    Index("ix_invoice_patient_id", "patient_id"),
    Index("ix_invoice_visit_id", "visit_id", postgresql_where=text("visit_id IS NOT NULL")),
)

payment = Table(
    "payment",
    metadata,
    Column("id", Text, primary_key=True),
    reference("patient_id", "patient.id"),
    reference("visit_id", "visit.id"),
    reference("invoice_id", "invoice.id"),
    Column("kind", Text, nullable=False),
    *_money("amount"),
    Column("method", Text, comment="A word, never a number of a card."),
    Column("paid_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("reference", Text, comment="The processor's own name for it."),
    *provenance(),
    lineage(),
    CheckConstraint("kind IN ('payment', 'deposit', 'fee', 'refund')", name="kind"),
    CheckConstraint("kind <> 'refund' OR amount_minor <= 0", name="refund"),
    CheckConstraint("state IN ('settled', 'pending', 'failed', 'voided')", name="state"),
    Index("ix_payment_visit_id", "visit_id"),
    Index("ix_payment_patient_id", "patient_id", postgresql_where=text("patient_id IS NOT NULL")),
    Index("ix_payment_batch_id", "batch_id"),
    comment="Money that moved, negative for what went back. Who paid stands here where no visit or invoice says it.",
)

gift_card = Table(
    "gift_card",
    metadata,
    Column("id", Text, primary_key=True),
    Column("code", Text),
    reference("patient_id", "patient.id"),
    *_money("value"),
    *_money("left"),
    Column("sold_on", Date),
    Column("expires_on", Date),
    flag("active", default=True),
    *provenance(),
    lineage(),
    CheckConstraint("left_minor BETWEEN 0 AND value_minor AND left_currency = value_currency", name="left"),
    Index("ix_gift_card_patient_id", "patient_id", postgresql_where=text("patient_id IS NOT NULL")),
)

membership = Table(
    "membership",
    metadata,
    Column("id", Text, primary_key=True),
    reference("patient_id", "patient.id", nullable=False),
    Column("plan", Text, nullable=False),
    *_money("price", nullable=True),
    Column("every_months", Integer),
    Column("started_on", Date),
    Column("ends_on", Date, comment="The last day."),
    Column("next_billing_on", Date),
    *_money("credit", nullable=True),
    Column("state", Text, nullable=False),
    *provenance(),
    lineage(),
    CheckConstraint("(price_minor IS NULL) = (price_currency IS NULL)", name="price"),
    CheckConstraint("(credit_minor IS NULL) = (credit_currency IS NULL)", name="credit"),
    CheckConstraint("every_months > 0", name="every_months"),
    CheckConstraint("state IN ('active', 'paused', 'ended')", name="state"),
    Index("ix_membership_patient_id", "patient_id"),
)
