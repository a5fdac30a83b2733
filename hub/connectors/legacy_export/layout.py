"""The files of an export: names, columns, encodings."""

from dataclasses import dataclass

from hub.canonical.ids import Kind


@dataclass(frozen=True, slots=True)
class FileLayout:
    """What a file must look like."""

    name: str
    kind: Kind
    key: tuple[str, ...]
    """The columns that together are a row's id."""
    columns: tuple[str, ...]
    """Those that must be there, the key among them; a file may have more, in any order."""
    modified: str | None = None
    """The column that says when this version of the row was written, in wall time of the practice."""
    windows_1252: bool = False
    """Read so where it is not UTF-8."""
    optional: bool = False


FILES = (
    FileLayout(
        "clients.csv",
        Kind.PATIENT,
        ("ClientID",),
        (
            "ClientID",
            "First Name",
            "Last Name",
            "DOB",
            "Mobile",
            "Email",
            "Address",
            "City",
            "State",
            "Zip",
            "Created",
            "Notes",
            "SMS OK",
            "Marketing OK",
        ),
    ),
    FileLayout(
        "services.csv",
        Kind.SERVICE,
        ("Service ID",),
        ("Service ID", "Name", "Category", "Duration (min)", "Price", "Active"),
    ),
    FileLayout(
        "staff.csv",
        Kind.PROVIDER,
        ("StaffID",),
        ("StaffID", "Name", "Title", "License", "License Exp", "Active"),
        windows_1252=True,
    ),
    FileLayout(
        "appointments.csv",
        Kind.VISIT,
        ("ApptID",),
        (
            "ApptID",
            "ClientID",
            "Service",
            "Staff",
            "Room",
            "Date",
            "Start",
            "End",
            "Status",
            "Price",
            "Booked By",
            "Booked On",
            "Modified",
            "Notes",
            "Location",
        ),
        modified="Modified",
    ),
    FileLayout(
        "payments.csv",
        Kind.PAYMENT,
        ("PaymentID",),
        ("PaymentID", "ApptID", "Date", "Amount", "Type", "Method"),
        optional=True,
    ),
    FileLayout(
        "packages.csv",
        Kind.PACKAGE,
        ("PackageID",),
        ("PackageID", "ClientID", "Service", "Sessions", "Used", "Purchased", "Expires"),
        optional=True,
    ),
    FileLayout(
        "inventory.csv",
        Kind.LOT,
        (
            "Product",
            "Lot",
        ),
        ("Product", "Lot", "Expiry", "On Hand", "Unit", "Location"),
        optional=True,
    ),
)
"""Clients, services and staff before the visits that name them."""
