"""What other systems sent, unchanged, and which canonical record it became."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import batch_number, identity, instant, metadata, source_number

source_record = Table(
    "source_record",
    metadata,
    identity(),
    Column("system", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("version", Text),
    Column("content_hash", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    instant("modified_at", nullable=True),
    Column("file", Text),
    Column("line", Integer),
    batch_number(),
    instant("landed_at"),
    Column(
        "gone",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="The system says that it does not have the record any more.",
    ),
    Column("merged_into", Text, comment="The system's record that this one became part of."),
    UniqueConstraint("system", "kind", "source_id", "content_hash"),
    comment="Append-only. Sending the same content again lands nothing.",
)

source_link = Table(
    "source_link",
    metadata,
    Column("system", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("canonical_id", Text, nullable=False),
    source_number(comment="The last state that was applied."),
    batch_number(),
    instant("linked_at"),
    Column("named_in", Text, comment="The last list of all records of its system that named it."),
    PrimaryKeyConstraint("system", "kind", "source_id"),
    Index("ix_source_link_kind_canonical_id", "kind", "canonical_id"),
    Index(
        "ix_source_link_whole",
        "system",
        "kind",
        text("substring(source_id, '^(.*)#')"),
        postgresql_where=text("source_id LIKE '%#%'"),
    ),
    comment="Which canonical record a record of another system is.",
)

awaiting_record = Table(
    "awaiting_record",
    metadata,
    Column("system", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("source_record_id", BigInteger, ForeignKey("source_record.id"), nullable=False, comment="Its last state."),
    Column("awaited_id", Text, nullable=False, comment="The other record's id, in the system that this one joins."),
    instant("since"),
    PrimaryKeyConstraint("system", "kind", "source_id"),
    Index("ix_awaiting_record_source_record_id", "source_record_id"),
    comment="Records that say more of one that is not known yet: kept until it is.",
)

stream_cursor = Table(
    "stream_cursor",
    metadata,
    Column("system", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cursor", Text),
    instant("updated_at"),
    Column("contract", JSONB, comment="The shape that its records have: paths, types and declared codes; no values."),
    PrimaryKeyConstraint("system", "kind"),
    comment="Where the next pull of a stream goes on; opaque to all but its source.",
)

field_conflict = Table(
    "field_conflict",
    metadata,
    Column("kind", Text, nullable=False),
    Column("canonical_id", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("rule", Text, nullable=False, comment="The field's rule: a system's name, hub, latest, manual."),
    Column("theirs", JSONB, comment="The system's value in canonical form. Personal."),
    Column("source_record_id", BigInteger, ForeignKey("source_record.id"), nullable=False),
    instant("opened_at"),
    PrimaryKeyConstraint("kind", "canonical_id", "system", "field"),
    comment="What a system changed and the hub did not take. The row goes when the two agree or a person decided.",
)
