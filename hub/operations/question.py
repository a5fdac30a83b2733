"""What is asked of somebody outside for one step of a pending change, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.canonical.source import SourceRecord, SourceRef
from hub.ports import Pending, Write
from hub.scheduling.pending import Answer, Step

VENDOR_REFUSED = "vendor_refused"
VENDOR_UNAVAILABLE = "vendor_unavailable"
PAYMENT_DECLINED = "payment_declined"
NOT_CONFIRMED = "not_confirmed"


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a step."""

    answer: Answer
    code: str | None = None
    """Why not, in the words of whoever was asked; not personal."""
    refusal: str | None = None
    """The same as a refusal's code."""
    refused_id: str | None = None
    """Of several visits: the one that is refused."""
    cancelled: tuple[str, ...] = ()
    """Where a cancellation is refused: the visits of it that do not take place there all the same."""
    records: Mapping[str, SourceRecord] = field(default_factory=dict)
    """Visit → how it stands at the vendor."""
    reference: str | None = None
    """The processor's own name for the payment."""


@dataclass(frozen=True, slots=True)
class Question:
    """One step of a change, with what is needed to ask for it."""

    step: Step
    pending: Pending
    writes: tuple[Write, ...] = ()
    """The visits in the vendor's form, as they are to be."""
    before: tuple[Write, ...] = ()
    """Of a move: as they stand here."""
    targets: Mapping[str, SourceRef] = field(default_factory=dict)
    """Visit → the vendor's record that it is linked to."""
    problem: str | None = None
    """Why they have no such form."""
    only_look: bool = False
    """Somebody may have asked before: see what became of it, and ask for nothing."""
    may_be_on_its_way: bool = False
    """What was asked before may still arrive, so that not to find it says nothing."""
    method: str | None = field(default=None, repr=False)
    """The processor's token for how the patient pays."""
