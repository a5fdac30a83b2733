"""Changes of the book in which others have a say, and what a payment processor is asked for with them."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.store.tables.metadata import identity, instant, metadata

pending_change = Table(
    "pending_change",
    metadata,
    identity(),
    Column("kind", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("connection", Text, comment="The vendor who owns the calendar; None: the hub does."),
    Column(
        "visit_ids",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="In the trip's order; of a booking the ids that the visits will have.",
    ),
    Column("key", Text, comment="Idempotency key of a booking."),
    Column("request_hash", Text),
    Column("asked", JSONB, nullable=False, comment="Who asked for what and why: ids and codes; nothing personal."),
    Column("outcome", Text, comment="The last answer's code, or why it was released."),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False, comment="When the present stage began."),
    Column("deadline_at", DateTime(timezone=True), nullable=False, comment="When the hold would have expired."),
    Column("next_try_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True), comment="Nobody has to be asked any more."),
    Column("by_hand", Text, comment="The step that a person answered."),
    CheckConstraint("kind IN ('book', 'move', 'cancel')", name="kind"),
    CheckConstraint("stage IN ('paying', 'confirming', 'withdrawing', 'done', 'released')", name="stage"),
    CheckConstraint("settled_at IS NULL OR stage IN ('done', 'released')", name="settled"),
    Index("ix_pending_change_next_try_at", "next_try_at", postgresql_where=text("settled_at IS NULL")),
    Index("ix_pending_change_visit_ids", "visit_ids", postgresql_using="gin"),
    Index(
        "uq_pending_change_key",
        "key",
        unique=True,
        postgresql_where=text("stage IN ('paying', 'confirming')"),
    ),
    comment="What was begun and needs another system's word; written before that system is asked.",
)

payment_intent = Table(
    "payment_intent",
    metadata,
    identity(),
    Column("key", Text, nullable=False, unique=True, comment="Idempotency key at the processor."),
    Column("kind", Text, nullable=False),
    Column("pending_id", BigInteger, ForeignKey("pending_change.id")),
    Column("visit_id", Text, comment="Of a refund: the visit that was cancelled."),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reference", Text, comment="The processor's own name for it."),
    Column("outcome", Text, comment="The last answer's code."),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("(kind = 'deposit') = (pending_id IS NOT NULL)", name="deposit_of_a_change"),
    CheckConstraint("(kind = 'refund') = (visit_id IS NOT NULL)", name="refund_of_a_visit"),
    CheckConstraint(
        "CASE kind WHEN 'refund' THEN state = 'intended' WHEN 'deposit' THEN"
        " state IN ('authorising', 'authorised', 'declined', 'captured', 'voided', 'failed') ELSE false END",
        name="state",
    ),
    Index("uq_payment_intent_pending_id", "pending_id", unique=True, postgresql_where=text("kind = 'deposit'")),
    Index("ix_payment_intent_visit_id", "visit_id"),
    comment="What a processor was, or will be, asked for; never anything of a card.",
)
