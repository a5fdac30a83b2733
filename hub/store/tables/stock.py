"""Lots on hand, what visits were promised, and packages of sessions bought."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.tables.metadata import identity, instant, metadata

lot = Table(
    "lot",
    metadata,
    identity(),
    Column("product_id", Text, nullable=False),
    Column("location_id", Text, ForeignKey("location.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("on_hand", Numeric, nullable=False, comment="Units of the product."),
    Column("expires_on", Date, nullable=False, comment="Usable up to and on that local date."),
    instant("created_at"),
    UniqueConstraint("product_id", "location_id", "name"),
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
    Column("patient_id", Text, ForeignKey("patient.id"), nullable=False),
    Column("service_id", Text, ForeignKey("service.id"), nullable=False),
    Column("credits", Integer, nullable=False, comment="Sessions bought; what is left is this less the uses."),
    Column("expires_on", Date),
    Column("source_record_id", BigInteger, ForeignKey("source_record.id")),
    instant("created_at"),
    CheckConstraint("credits >= 0", name="credits"),
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

lot_use = Table(
    "lot_use",
    metadata,
    identity(),
    Column("visit_id", Text, ForeignKey("visit.id"), nullable=False),
    Column("lot_id", BigInteger, ForeignKey("lot.id"), nullable=False),
    Column("quantity", Numeric, nullable=False),
    instant("used_at"),
    UniqueConstraint("visit_id", "lot_id"),
    CheckConstraint("quantity > 0", name="quantity"),
    Index("ix_lot_use_lot_id", "lot_id"),
    comment="Append-only: which lot went into whom, already taken out of its count.",
)
