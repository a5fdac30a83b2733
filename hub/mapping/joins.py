"""Records that say more of a record that another connection makes (a table's `joins`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS

JOINABLE = (Kind.PATIENT,)
"""What may be put together of several records: none of them need say anything that a patient cannot be without."""
AWAITED = "awaited"
"""The reason code of a record whose other one is not known yet: it waits, and nobody need look."""


class AskedFor:
    """Implements `hub.mapping.context.Links` by noting the one id that it is asked for."""

    def __init__(self) -> None:
        self.id: str | None = None

    def canonical_id(self, kind: Kind, source_id: str) -> str | None:  # noqa: ARG002
        """See Links."""
        self.id = source_id
        return None

    def source_id(self, kind: Kind, canonical_id: str) -> str | None:  # noqa: ARG002
        """See Links."""
        return None

    id_named = name_of = source_id


def blank(kind: Kind, names: Iterable[str]) -> Mapping[str, Any]:
    """What stands in these fields of a record that nobody said anything of."""
    fields = MODELS[kind].model_fields
    return {name: fields[name].get_default(call_default_factory=True) for name in names}
