"""What all tables share: names of constraints, and the few columns that come back."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, text

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
