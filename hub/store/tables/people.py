"""Who is one person: pairs that wait for a person, and merges that can be taken back."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.store.tables.metadata import identity, instant, metadata

person_pair = Table(
    "person_pair",
    metadata,
    identity(),
    Column("first_id", Text, ForeignKey("patient.id"), nullable=False),
    Column("second_id", Text, ForeignKey("patient.id"), nullable=False),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("rule", Text, nullable=False),
    Column(
        "codes",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="How each field agrees, in words; never a value.",
    ),
    Column("score", Double, comment="How likely they are one, 0 to 1; None: nobody scored them."),
    instant("opened_at"),
    instant("decided_at", nullable=True),
    Column("decided_by", Text),
    Column("reason", Text),
    UniqueConstraint("first_id", "second_id"),
    CheckConstraint('first_id < second_id COLLATE "C"', name="order"),
    CheckConstraint("state IN ('open', 'merged', 'separate')", name="state"),
    CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
    Index("ix_person_pair_open", "id", postgresql_where=text("state = 'open'")),
    Index("ix_person_pair_second_id", "second_id"),
    comment="Two who may be one. What a person said of them is kept: nobody is asked twice.",
)

person_merge = Table(
    "person_merge",
    metadata,
    identity(),
    Column("survivor_id", Text, nullable=False),
    Column("merged_id", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("codes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("score", Double),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("batch_id", BigInteger, ForeignKey("import_batch.id")),
    instant("merged_at"),
    Column(
        "before",
        JSONB,
        nullable=False,
        comment="The survivor's fields that the merge changed, as they were. Personal.",
    ),
    Column("after", JSONB, nullable=False, comment="The same, as the merge left them. Personal."),
    Column(
        "moved",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="Table, ids of the rows that were led to the survivor.",
    ),
    instant("undone_at", nullable=True),
    Column("undone_by", Text),
    Column("undone_reason", Text),
    Column(
        "origins_before",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="Field -> where the survivor's value of before came from, as in its lineage.",
    ),
    CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
    Index("uq_person_merge_standing", "merged_id", unique=True, postgresql_where=text("undone_at IS NULL")),
    Index("ix_person_merge_survivor_id", "survivor_id"),
    comment="Everything that a merge changed, so that it can be taken back.",
)
