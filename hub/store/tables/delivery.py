"""The outbox: what other systems still have to be told, in order per record."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import identity, instant, metadata

outbox_delivery = Table(
    "outbox_delivery",
    metadata,
    identity(),
    Column("connection", Text, nullable=False, comment="The connection's system name."),
    Column("kind", Text, nullable=False),
    Column("canonical_id", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False, comment="1, 2, 3 … per connection and record."),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    instant("lease_until", nullable=True),
    instant("next_try_at"),
    Column("last_error", Text, comment="What a person needs to know; never a personal value."),
    Column("remote_id", Text),
    Column("payload_hash", Text, comment="Of what was sent, so that its echo is recognised."),
    instant("created_at"),
    instant("sent_at", nullable=True),
    Column("said_hash", Text, comment="Of the canonical values that were sent, however the system writes them."),
    Column(
        "tries",
        JSONB,
        nullable=False,
        server_default=text("'[]'"),
        comment="Canonical values that were sent and not answered, try by try. Personal; gone with the answer.",
    ),
    Column(
        "also",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="Where several records there are this one: remote id → the hashes of what was sent of each.",
    ),
    UniqueConstraint("connection", "kind", "canonical_id", "sequence"),
    CheckConstraint("state IN ('pending', 'leased', 'sent', 'dead')", name="state"),
    Index(
        "ix_outbox_delivery_due",
        "connection",
        "next_try_at",
        postgresql_where=text("state IN ('pending', 'leased')"),
    ),
    comment="The intent only: the payload is encoded at sending, from the record as it stands then.",
)
