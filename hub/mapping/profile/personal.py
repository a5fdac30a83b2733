"""Which columns probably hold something personal: those whose values are never shown."""

from hub.mapping.codes import loose

_SURE = (
    "first", "last", "name", "dob", "birth", "born", "mail", "phone", "mobile", "cell", "fax", "address", "street",
    "city", "zip", "postal", "postcode", "note", "comment", "remark", "ssn", "insurance", "emergency", "guardian",
    "allerg", "medic", "diagnos", "condition", "patient", "client", "guest", "customer", "signature", "license",
)  # fmt: skip
_NOT = ("services", "servicename", "productname", "itemname", "roomname", "locationname", "categoryname")


def looks_personal(name: str) -> bool:
    """By its name; when unsure, yes."""
    plain = loose(name)
    return plain not in _NOT and any(word in plain for word in _SURE)
