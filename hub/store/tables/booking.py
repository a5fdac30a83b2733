"""The configuration in force, and who has which resource when.

A claim is (resource unit, span, visit). The exclusion constraint makes two overlapping firm claims of one unit
impossible, whoever writes. Units are numbered copies of a resource: capacity 2 is two units. A patient is a unit too.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint

from hub.store.tables.metadata import identity, instant, metadata

practice_version = Table(
    "practice_version",
    metadata,
    identity(),
    Column("name", Text, nullable=False, comment="The file it was read from."),
    Column("document", Text, nullable=False, comment="The practice file's text, as it was."),
    Column("sha256", Text, nullable=False),
    instant("applied_at"),
    comment="Append-only; the newest is in force.",
)

resource_unit = Table(
    "resource_unit",
    metadata,
    identity(),
    Column("owner_kind", Text, nullable=False),
    Column("owner_id", Text, nullable=False, comment="A provider's, resource's or patient's id."),
    Column("number", Integer, nullable=False, server_default=text("1")),
    UniqueConstraint("owner_kind", "owner_id", "number"),
    CheckConstraint("owner_kind IN ('resource', 'patient')", name="owner_kind"),
    CheckConstraint("number > 0", name="number"),
)

block = Table(
    "block",
    metadata,
    Column("id", Text, primary_key=True),
    Column("location_id", Text, ForeignKey("location.id")),
    Column("during", TSTZRANGE, nullable=False),
    Column("reason", Text, comment="A word of the practice's: lunch, maintenance. Never personal."),
    Column("origin", Text, nullable=False, server_default=text("'hub'")),
    Column("source_record_id", BigInteger, ForeignKey("source_record.id")),
    instant("created_at"),
    comment="Time taken from resources by something that is no visit.",
)

hold = Table(
    "hold",
    metadata,
    Column("id", Text, primary_key=True, comment="The id that the visit will have."),
    Column("trip_id", Text, nullable=False, comment="Parts of one trip share it; it names the hold."),
    Column("number", Integer, nullable=False, comment="1, 2, 3 … in the trip's order."),
    Column("patient_id", Text, ForeignKey("patient.id"), nullable=False),
    Column("service_id", Text, ForeignKey("service.id"), nullable=False),
    Column("location_id", Text, ForeignKey("location.id"), nullable=False),
    Column("provider_id", Text, ForeignKey("provider.id")),
    Column("room_id", Text, ForeignKey("resource.id")),
    Column("device_id", Text, ForeignKey("resource.id")),
    Column("start", DateTime(timezone=True), nullable=False),
    Column("end", DateTime(timezone=True), nullable=False),
    Column("price_minor", BigInteger),
    Column("price_currency", Text),
    Column("deposit_minor", BigInteger),
    Column("booked_via", Text),
    Column("booked_on", Date),
    Column("option_id", Text),
    Column("asked", JSONB, nullable=False, server_default=text("'{}'")),
    Column("practice_version_id", BigInteger, ForeignKey("practice_version.id")),
    instant("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="The first instant at which it is gone."),
    Column("series_id", Text, comment="Sessions of one series share it."),
    Column(
        "pending_id",
        BigInteger,
        ForeignKey("pending_change.id"),
        comment="The change that decides what becomes of it; until then it does not expire.",
    ),
    UniqueConstraint("trip_id", "number"),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint('"end" > start', name="ends_after_it_starts"),
    CheckConstraint(
        "(pending_id IS NULL) = (expires_at < TIMESTAMP WITH TIME ZONE '9999-01-01 00:00:00+00')",
        name="undecided_does_not_expire",
    ),
    Index("ix_hold_pending_id", "pending_id", postgresql_where=text("pending_id IS NOT NULL")),
    comment="A visit to be, for a while: it takes time, stock and credit. Booked or over, the row goes.",
)

claim = Table(
    "claim",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("unit_id", BigInteger, ForeignKey("resource_unit.id"), nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("visit_id", Text, ForeignKey("visit.id", ondelete="CASCADE")),
    Column("block_id", Text, ForeignKey("block.id", ondelete="CASCADE")),
    Column("step", Text, comment="The step of the service; None: the whole visit."),
    Column("need", Text, comment="The need's name: provider, room …"),
    Column("firm", Boolean, nullable=False, server_default=text("true")),
    Column("hold_id", Text, ForeignKey("hold.id", ondelete="CASCADE")),
    Column(
        "reassignable",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Chosen by the engine for a record that left it open.",
    ),
    CheckConstraint("num_nonnulls(visit_id, block_id, hold_id) = 1", name="owner"),
    CheckConstraint("NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)", name="during"),
    ExcludeConstraint(
        (func.point(column("unit_id"), column("unit_id")), "~="),
        (column("during"), "&&"),
        name="ex_claim_firm",
        using="gist",
        where=text("firm"),
        deferrable=True,
        initially="IMMEDIATE",
    ),
    Index("ix_claim_during", "during", postgresql_using="gist"),
    Index("ix_claim_visit_id", "visit_id"),
    Index("ix_claim_block_id", "block_id", postgresql_where=text("block_id IS NOT NULL")),
    Index("ix_claim_hold_id", "hold_id", postgresql_where=text("hold_id IS NOT NULL")),
    Index("ix_claim_contested", "unit_id", postgresql_where=text("NOT firm")),
    Index("ix_claim_reassignable", "during", postgresql_using="gist", postgresql_where=text("reassignable")),
)

booking_key = Table(
    "booking_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("visit_ids", ARRAY(Text), nullable=False),
    instant("created_at"),
    comment="Idempotency keys of bookings that succeeded; a refusal leaves none.",
)

absence = Table(
    "absence",
    metadata,
    identity(),
    Column("resource_id", Text, nullable=False, comment="Of the practice file."),
    Column("during", TSTZRANGE, nullable=False),
    Column("reason", Text, comment="A word of the practice's. Never personal."),
    instant("recorded_at"),
    CheckConstraint("NOT isempty(during)", name="during"),
    Index("ix_absence_resource_id", "resource_id"),
    comment="Append-only: when a resource is away, beside what the practice file says.",
)
