"""Cut-overs from an old system: one row a step, and what is to be entered there by hand after a way back."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import instant, metadata

cutover_step = Table(
    "cutover_step",
    metadata,
    Column("system", Text, nullable=False),
    Column("number", Integer, nullable=False, comment="Which cut-over of the system, from 1."),
    Column("step", Text, nullable=False),
    instant("at"),
    Column("by", Text, nullable=False, comment="Who answers for it."),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'"), comment="Ids and numbers; nothing personal."),
    Column("snapshot", Text, comment="pg_snapshot of that moment: what it does not see was committed later."),
    Column(
        "transaction_id",
        BigInteger,
        comment="The full number (xid8) of the transaction that wrote; xmin says another one where the database was "
        "restored.",
    ),
    PrimaryKeyConstraint("system", "number", "step"),
    CheckConstraint("step IN ('freeze', 'delta', 'switch', 'back', 'closed')", name="step"),
    comment="What was done of each cut-over. Append-only.",
)

reentry = Table(
    "reentry",
    metadata,
    Column("system", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("canonical_id", Text, nullable=False),
    Column("said", JSONB, nullable=False, comment="Column -> text. Personal."),
    PrimaryKeyConstraint("system", "number", "place"),
    comment="What the hub wrote after a switch and somebody enters in the old system by hand. Append-only.",
)
