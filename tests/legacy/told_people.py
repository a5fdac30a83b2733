"""Whether people were matched as their truth says: counted by kind of dirt."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.sync.people.decide import Decided, pair_of
from tests.legacy.doubles import Client


def patient_of(client: Client) -> Patient:
    """As the hub would read the row."""
    return Patient(
        id=PatientId(client.id),
        given_name=client.given,
        family_name=client.family,
        born_on=client.born_on,
        phone=f"+1{client.phone}" if client.phone else None,
        email=client.email.lower() or None,
        street=client.street,
        postal_code=client.postal_code,
        registered_on=client.created_on,
    )


@dataclass
class Found:
    """What became of them."""

    false_merges: list[tuple[str, str, str]] = field(default_factory=list)
    """Rule, and the kinds of both."""
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    """Kind of dirt → merged | review | apart: the row and whom its truth names; of others, and anybody."""
    unasked: list[str] = field(default_factory=list)
    """Kinds of rows that a person must decide and nobody asks about."""
    reviews: int = 0

    @property
    def recall(self) -> float:
        """Of the rows that are somebody again, those that were merged with them."""
        again = [counts for kind, counts in self.by_kind.items() if kind.startswith("merge ")]
        return sum(counts["merged"] for counts in again) / max(1, sum(counts.total() for counts in again))


def check_people(clients: Sequence[Client], decided: Decided) -> Found:
    """Compare with the truth."""
    by_id = {client.id: client for client in clients}
    own = {client.person: client.id for client in clients if client.verdict == "own"}
    heads = {match.second: match.first for match in decided.merges}
    waiting = {match.pair for match in decided.reviews}
    asked = {id_ for pair in waiting for id_ in pair}
    found = Found(reviews=len(waiting))
    for match in decided.merges:
        one, other = by_id[match.first], by_id[match.second]
        if one.person != other.person:
            found.false_merges.append((match.rule, one.kind, other.kind))
    for client in clients:
        verdict, _, named = client.verdict.partition(":")
        if verdict == "own":
            continue
        head = heads.get(client.id, client.id)
        other_id = own.get(named or client.person)
        other_head = heads.get(other_id, other_id) if other_id else None
        if other_head == head:
            became = "merged"
        elif (pair_of(head, other_head) in waiting) if other_head else head in asked:
            became = "review"
        else:
            became = "apart"
        found.by_kind.setdefault(f"{verdict} {client.kind}", Counter())[became] += 1
        if verdict == "review" and became != "review":
            found.unasked.append(client.kind)
    return found
