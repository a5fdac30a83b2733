"""What of each connection's allowance is spent."""

from sqlalchemy import Column, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import instant, metadata

allowance = Table(
    "allowance",
    metadata,
    Column("connection", Text, primary_key=True, comment="The connection's system name."),
    Column("spent", JSONB, nullable=False, server_default=text("'{}'"), comment="Rates and points, as counted."),
    instant("taken_at"),
    comment="How often other systems were asked of late, by all processes of the hub together.",
)
