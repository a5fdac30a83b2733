"""The canonical records, as hub/canonical/records.py describes them, each with where it came from."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables.metadata import instant, metadata


def _flag(name: str, *, default: bool) -> "Column[Any]":
    return Column(name, Boolean, nullable=False, server_default=text("true" if default else "false"))


def _reference(name: str, target: str, *, nullable: bool = True) -> "Column[Any]":
    return Column(name, Text, ForeignKey(target), nullable=nullable)


def _provenance() -> "list[Column[Any]]":
    """Where the row came from and how often it changed; `source_record_id` is None for what the hub made itself."""
    return [
        Column("source_record_id", BigInteger, ForeignKey("source_record.id")),
        Column("batch_id", BigInteger, ForeignKey("import_batch.id")),
        instant("created_at"),
        instant("updated_at"),
        Column("revision", Integer, nullable=False, server_default=text("1")),
    ]


def _lineage() -> "Column[Any]":
    what = "Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub's own."
    return Column("lineage", JSONB, comment=what)


patient = Table(
    "patient",
    metadata,
    Column("id", Text, primary_key=True),
    Column("given_name", Text),
    Column("family_name", Text),
    Column("born_on", Date),
    Column("phone", Text),
    Column("email", Text),
    Column("street", Text),
    Column("city", Text),
    Column("state", Text),
    Column("postal_code", Text),
    Column("registered_on", Date),
    Column("note", Text),
    Column("texts_allowed", Boolean),
    Column("marketing_allowed", Boolean),
    _flag("active", default=True),
    Column("known", Boolean, nullable=False, server_default=text("true"), comment="False: never seen here in person."),
    *_provenance(),
    Column(
        "merged_into",
        Text,
        ForeignKey("patient.id"),
        comment="The record of the same person that counts; this one stays as it was.",
    ),
    CheckConstraint("merged_into <> id", name="merged_into"),
    Index("ix_patient_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    Index("ix_patient_born_on", "born_on"),
    Index("ix_patient_phone", "phone"),
    Index("ix_patient_email", "email"),
    Index("ix_patient_name", text("lower(family_name)"), text("lower(given_name)")),
    _lineage(),
)

location = Table(
    "location",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    _flag("active", default=True),
    Column("zone", Text, comment="IANA; None: the practice's."),
    *_provenance(),
    _lineage(),
)

provider = Table(
    "provider",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("title", Text),
    Column("license_number", Text),
    Column("license_until", Date),
    _flag("active", default=True),
    Column("kind", Text, nullable=False, server_default=text("'provider'"), comment="provider, assistant"),
    _reference("location_id", "location.id"),
    Column("capacity", Integer, nullable=False, server_default=text("1")),
    _flag("bookable", default=False),
    *_provenance(),
    _lineage(),
    CheckConstraint("capacity > 0", name="capacity"),
    comment="People who treat. Bookable: the practice file in force names them.",
)

resource = Table(
    "resource",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False, comment="room, device, or a word of the practice's own"),
    Column("name", Text, nullable=False),
    _flag("active", default=True),
    _reference("location_id", "location.id"),
    Column("capacity", Integer, nullable=False, server_default=text("1")),
    _flag("bookable", default=False),
    *_provenance(),
    _lineage(),
    CheckConstraint("capacity > 0", name="capacity"),
    comment="Rooms and devices. Bookable: the practice file in force names them.",
)

service = Table(
    "service",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("category", Text),
    Column("minutes", Integer),
    Column("price_minor", BigInteger),
    Column("price_currency", Text),
    _flag("active", default=True),
    _flag("archived", default=False),
    *_provenance(),
    _lineage(),
    CheckConstraint("(price_minor IS NULL) = (price_currency IS NULL)", name="price"),
    CheckConstraint("minutes > 0", name="minutes"),
)

visit = Table(
    "visit",
    metadata,
    Column("id", Text, primary_key=True),
    _reference("patient_id", "patient.id", nullable=False),
    _reference("service_id", "service.id"),
    _reference("location_id", "location.id", nullable=False),
    _reference("provider_id", "provider.id"),
    _reference("room_id", "resource.id"),
    _reference("device_id", "resource.id"),
    Column("start", DateTime(timezone=True), nullable=False),
    Column("end", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("price_minor", BigInteger),
    Column("price_currency", Text),
    Column("booked_via", Text),
    Column("booked_on", Date),
    Column("note", Text),
    Column("origin", Text, nullable=False, server_default=text("'hub'"), comment="The system it was first made in."),
    _flag("contested", default=False),
    Column("option_id", Text, comment="The service's option that was booked."),
    Column("asked", JSONB, nullable=False, server_default=text("'{}'"), comment="Need name → resource asked for."),
    *_provenance(),
    Column("deposit_minor", BigInteger, comment="To pay ahead, in the price's currency."),
    Column("practice_version_id", BigInteger, ForeignKey("practice_version.id"), comment="Its policy was accepted."),
    Column("fee_from", DateTime(timezone=True), comment="The arrival a fee is reckoned from; None: its own."),
    Column("fee_minor", BigInteger, comment="What it cost not to take place; the deposit counts towards it."),
    Column("credit_lost", Boolean, nullable=False, server_default=text("false"), comment="The package's, as its fee."),
    Column("trip_id", Text, comment="Visits that were booked as one trip share it; None: booked alone."),
    Column("trip_number", Integer, comment="1, 2, 3 … in the trip's order."),
    Column("series_id", Text, comment="Sessions of one series share it."),
    Column("deposit_waived_minor", BigInteger, nullable=False, server_default=text("0")),
    Column("fee_waived_minor", BigInteger, nullable=False, server_default=text("0")),
    Column(
        "credit_waived",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="It had stood for the fee, and came back.",
    ),
    _lineage(),
    CheckConstraint("deposit_waived_minor BETWEEN 0 AND coalesce(deposit_minor, 0)", name="deposit_waived"),
    CheckConstraint("fee_waived_minor BETWEEN 0 AND coalesce(fee_minor, 0)", name="fee_waived"),
    CheckConstraint('"end" > start', name="ends_after_it_starts"),
    CheckConstraint("(trip_id IS NULL) = (trip_number IS NULL)", name="trip"),
    CheckConstraint("(price_minor IS NULL) = (price_currency IS NULL)", name="price"),
    CheckConstraint("state IN ('booked', 'arrived', 'fulfilled', 'cancelled', 'no_show')", name="state"),
    Index("ix_visit_start", "start"),
    Index("ix_visit_patient_id_start", "patient_id", "start"),
    Index("ix_visit_batch_id", "batch_id"),
    Index("ix_visit_trip_id", "trip_id", postgresql_where=text("trip_id IS NOT NULL")),
    Index("ix_visit_series_id", "series_id", postgresql_where=text("series_id IS NOT NULL")),
    comment="Contested: some of its claims overlap firm ones of others, and a person must decide.",
)
