"""The place where a record that is met for the first time finds the canonical record it is."""

from collections.abc import Mapping, Sequence

from hub.canonical.records import Canonical
from hub.canonical.source import SourceRef
from hub.operations.linked_system import LinkedSystem
from hub.ports import UnitOfWork


def match_records(
    system: LinkedSystem,  # noqa: ARG001
    fresh: Sequence[tuple[SourceRef, Canonical]],  # noqa: ARG001
    uow: UnitOfWork,  # noqa: ARG001
) -> Mapping[SourceRef, str]:
    """Of these decoded records without a link, those that are a known canonical record: its id.

    What is not in the answer becomes a record of its own. It only reads: a pull's rehearsal asks it, too.
    """
    return {}
