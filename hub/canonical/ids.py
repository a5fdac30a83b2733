"""Typed ids. A canonical id is text with its kind in front (`pat_…`), so that a stray one is recognised on sight."""

from enum import StrEnum
from hashlib import sha1
from typing import NewType
from uuid import NAMESPACE_URL, uuid4

PatientId = NewType("PatientId", str)
ProviderId = NewType("ProviderId", str)
"""Of a provider in the practice file it is the resource's own id, `dr-lee`."""
LocationId = NewType("LocationId", str)
ServiceId = NewType("ServiceId", str)
ResourceId = NewType("ResourceId", str)
VisitId = NewType("VisitId", str)
ConsentId = NewType("ConsentId", str)
PaymentId = NewType("PaymentId", str)
PackageId = NewType("PackageId", str)
GiftCardId = NewType("GiftCardId", str)
MembershipId = NewType("MembershipId", str)
InvoiceId = NewType("InvoiceId", str)
LotId = NewType("LotId", str)
RoleId = NewType("RoleId", str)
ScheduleId = NewType("ScheduleId", str)
SlotId = NewType("SlotId", str)
FormId = NewType("FormId", str)
DocumentId = NewType("DocumentId", str)
ProcedureId = NewType("ProcedureId", str)
"""The id of its visit."""
DoseId = NewType("DoseId", str)


class Kind(StrEnum):
    """The kinds of canonical records; what is named comes before what names it."""

    PATIENT = "patient"
    PROVIDER = "provider"
    LOCATION = "location"
    RESOURCE = "resource"
    """A room or a device; people are providers."""
    SERVICE = "service"
    VISIT = "visit"
    CONSENT = "consent"
    INVOICE = "invoice"
    ROLE = "role"
    SCHEDULE = "schedule"
    SLOT = "slot"
    FORM = "form"
    DOCUMENT = "document"
    PROCEDURE = "procedure"
    DOSE = "dose"
    PAYMENT = "payment"
    PACKAGE = "package"
    GIFT_CARD = "gift_card"
    MEMBERSHIP = "membership"
    LOT = "lot"
    PRODUCT = "product"
    """Named by lots; what a product is stands in the practice file."""


PREFIX = {
    Kind.PATIENT: "pat",
    Kind.PROVIDER: "prv",
    Kind.LOCATION: "loc",
    Kind.RESOURCE: "res",
    Kind.SERVICE: "svc",
    Kind.VISIT: "vis",
    Kind.CONSENT: "cns",
    Kind.INVOICE: "inv",
    Kind.ROLE: "rol",
    Kind.SCHEDULE: "sch",
    Kind.SLOT: "slt",
    Kind.FORM: "frm",
    Kind.DOCUMENT: "doc",
    Kind.PROCEDURE: "prc",
    Kind.DOSE: "dos",
    Kind.PAYMENT: "pay",
    Kind.PACKAGE: "pkg",
    Kind.GIFT_CARD: "gft",
    Kind.MEMBERSHIP: "mbr",
    Kind.LOT: "lot",
    Kind.PRODUCT: "prd",
}


_NAMESPACE = NAMESPACE_URL.bytes


def mint(kind: Kind) -> str:
    """A new id that nobody has."""
    return f"{PREFIX[kind]}_{uuid4().hex}"


def mint_vial() -> str:
    """A new id of an open vial; it is no record of another system's."""
    return f"vial_{uuid4().hex}"


def derive(kind: Kind, system: str, source_id: str) -> str:
    """The id of the record first seen as `source_id` in `system`.

    Always the same one for the same source: an import that is killed and run again meets its own records. It is
    `uuid5(NAMESPACE_URL, …)`, spelled out since a history derives millions.
    """
    digest = sha1(_NAMESPACE + f"hub:{system}:{kind}:{source_id}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{PREFIX[kind]}_{digest[:12]}5{digest[13:16]}{variant}{digest[17:32]}"
