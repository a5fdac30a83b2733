"""Lots on hand, what visits were promised, and packages of sessions bought."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from hub.store.tables.metadata import batch_number, identity, instant, lineage, metadata, reference, source_number

lot = Table(
    "lot",
    metadata,
    identity(),
    Column("product_id", Text, nullable=False),
    Column("location_id", Text, ForeignKey("location.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column(
        "on_hand",
        Numeric,
        nullable=False,
        server_default=text("0"),
        comment="Units of the product: the sum of its movements. Written by a trigger alone.",
    ),
    Column("expires_on", Date, nullable=False, comment="Usable up to and on that local date."),
    instant("created_at"),
    Column("record_id", Text, comment="The canonical id, where another system has the lot, too."),
    Column("unit", Text, comment="As that system counts it."),
    UniqueConstraint("product_id", "location_id", "name"),
    UniqueConstraint("record_id"),
    CheckConstraint("on_hand >= 0", name="on_hand"),
)

stock_promise = Table(
    "stock_promise",
    metadata,
    identity(),
    Column("visit_id", Text, ForeignKey("visit.id", ondelete="CASCADE")),
    Column("product_id", Text, nullable=False),
    Column("location_id", Text, ForeignKey("location.id"), nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("due_on", Date, nullable=False, comment="The local date of arrival."),
    Column("hold_id", Text, ForeignKey("hold.id", ondelete="CASCADE")),
    UniqueConstraint("visit_id", "product_id"),
    UniqueConstraint("hold_id", "product_id"),
    CheckConstraint("num_nonnulls(visit_id, hold_id) = 1", name="owner"),
    CheckConstraint("quantity > 0", name="quantity"),
    Index("ix_stock_promise_product_id_location_id", "product_id", "location_id", "due_on"),
    comment="Ends when the visit is completed, cancelled or missed: the row goes.",
)

package = Table(
    "package",
    metadata,
    Column("id", Text, primary_key=True),
    reference("patient_id", "patient.id", nullable=False),
    reference("service_id", "service.id", nullable=False),
    Column(
        "credits",
        Integer,
        nullable=False,
        comment="Sessions bought; what is left is this less what was used before and the uses.",
    ),
    Column("expires_on", Date),
    source_number(),
    instant("created_at"),
    Column(
        "used_before",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Sessions that were used in another system.",
    ),
    Column("price_minor", BigInteger),
    Column("price_currency", Text),
    Column("sold_on", Date),
    batch_number(),
    instant("updated_at"),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    lineage(),
    CheckConstraint("credits >= 0", name="credits"),
    CheckConstraint("used_before BETWEEN 0 AND credits", name="used_before"),
    CheckConstraint("(price_minor IS NULL) = (price_currency IS NULL)", name="price"),
    Index("ix_package_patient_id", "patient_id"),
)

package_use = Table(
    "package_use",
    metadata,
    identity(),
    Column("package_id", Text, ForeignKey("package.id"), nullable=False),
    Column("visit_id", Text, ForeignKey("visit.id", ondelete="CASCADE")),
    instant("used_at"),
    Column("hold_id", Text, ForeignKey("hold.id", ondelete="CASCADE")),
    UniqueConstraint("visit_id"),
    UniqueConstraint("hold_id"),
    CheckConstraint("num_nonnulls(visit_id, hold_id) = 1", name="owner"),
    Index("ix_package_use_package_id", "package_id"),
    comment="One credit held or spent; giving it back deletes the row.",
)

open_vial = Table(
    "open_vial",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lot_id", BigInteger, ForeignKey("lot.id"), nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column(
        "closes_at",
        DateTime(timezone=True),
        nullable=False,
        comment="The first instant at which it may not be used any more.",
    ),
    Column("remaining", Numeric, nullable=False, comment="Counted in its lot's on_hand, too."),
    CheckConstraint("remaining >= 0", name="remaining"),
    Index("ix_open_vial_lot_id", "lot_id", postgresql_where=text("remaining > 0")),
    comment="Written by triggers alone, from the movements.",
)

lot_movement = Table(
    "lot_movement",
    metadata,
    identity(),
    Column("lot_id", BigInteger, ForeignKey("lot.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column(
        "at", DateTime(timezone=True), nullable=False, comment="When it happened; recorded_at: when it was written."
    ),
    Column("change", Numeric, nullable=False),
    Column("level", Numeric, comment="Opened: what the vial held. Counted: what was found."),
    Column("vial_id", Text, ForeignKey("open_vial.id"), comment="None: of what is not opened."),
    Column("closes_at", DateTime(timezone=True)),
    Column("provider_id", Text, comment="Of the practice file; None: nobody, its hours ended."),
    Column("witness_id", Text),
    Column("visit_id", Text, ForeignKey("visit.id")),
    Column("reason", Text, comment="A word of the practice's. Never personal."),
    Column("actor", Text, nullable=False),
    instant("recorded_at"),
    CheckConstraint("kind IN ('received', 'opened', 'used', 'wasted', 'counted', 'adjusted')", name="kind"),
    CheckConstraint(
        "CASE kind WHEN 'received' THEN change >= 0 WHEN 'adjusted' THEN change <> 0"
        " WHEN 'opened' THEN change = 0 WHEN 'counted' THEN change = 0 ELSE change < 0 END",
        name="change",
    ),
    CheckConstraint(
        "(kind = 'opened') = (closes_at IS NOT NULL) AND (kind <> 'opened' OR vial_id IS NOT NULL)", name="opening"
    ),
    CheckConstraint("(kind IN ('opened', 'counted')) = (level IS NOT NULL)", name="level"),
    Index("ix_lot_movement_lot_id", "lot_id", "id"),
    Index("ix_lot_movement_visit_id", "visit_id", postgresql_where=text("visit_id IS NOT NULL")),
    comment="Append-only. What a lot holds is the sum of the changes.",
)
