"""What all tables share: names of constraints, and the few columns that come back."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Identity, Integer, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def identity() -> "Column[Any]":
    """A number that PostgreSQL gives, never reused."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def instant(name: str, *, nullable: bool = False) -> "Column[Any]":
    """An aware instant; one that must be there defaults to the transaction's own."""
    default = None if nullable else text("now()")
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=default)


def flag(name: str, *, default: bool, comment: str | None = None) -> "Column[Any]":
    """Yes or no."""
    server_default = text("true" if default else "false")
    return Column(name, Boolean, nullable=False, server_default=server_default, comment=comment)


def reference(name: str, target: str, *, nullable: bool = True) -> "Column[Any]":
    """The id of another table's row."""
    return Column(name, Text, ForeignKey(target), nullable=nullable)


def source_number(*, nullable: bool = True, comment: str | None = None) -> "Column[Any]":
    """Which source record it came from; read in the transaction that writes it, from a table that nothing leaves."""
    return Column("source_record_id", BigInteger, nullable=nullable, comment=comment)


def batch_number(*, nullable: bool = True) -> "Column[Any]":
    """Which batch wrote it; the same holds."""
    return Column("batch_id", BigInteger, nullable=nullable)


def provenance() -> "list[Column[Any]]":
    """Where the row came from and how often it changed; `source_record_id` is None for what the hub made itself."""
    return [
        source_number(),
        batch_number(),
        instant("created_at"),
        instant("updated_at"),
        Column("revision", Integer, nullable=False, server_default=text("1")),
    ]


def lineage() -> "Column[Any]":
    """Why each field says what it says."""
    what = "Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub's own."
    return Column("lineage", JSONB, comment=what)
