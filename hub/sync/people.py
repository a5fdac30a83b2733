"""Which rows are one person.

The place where matching comes in: today every client row is a person of its own, so nobody is merged by mistake.
Merges, twins, juniors and pairs for review are the migration's part; they change what this function answers.
"""

from collections.abc import Mapping, Sequence

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient


def decide_people(clients: Sequence[tuple[str, Patient]]) -> Mapping[str, PatientId]:
    """Source id → the patient it is."""
    return {source_id: patient.id for source_id, patient in clients}
