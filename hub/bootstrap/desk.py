"""What the front desk does with the book; whoever has a say or is told is reached on the way."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hub.canonical.consents import Consent
from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.canonical.time import Span
from hub.operations.add_away import add_away
from hub.operations.approve_repair import Approved, NotApproved
from hub.operations.ask_outside import Outside
from hub.operations.block_time import block_time
from hub.operations.book_series import BookedSeries
from hub.operations.book_series_together import book_series_together
from hub.operations.book_visit import Booked
from hub.operations.cancel_visit import Cancellation
from hub.operations.complete_visit import complete_visit
from hub.operations.confirm_cancellation import confirm_cancellation
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking, confirm_hold
from hub.operations.confirm_move import confirm_move
from hub.operations.confirm_repair import confirm_repair
from hub.operations.confirm_series import confirm_series
from hub.operations.end_visits import Ended
from hub.operations.explain_series import explain_series
from hub.operations.find_gaps import GapReport, find_gaps
from hub.operations.find_nearest import find_nearest, find_nearest_move
from hub.operations.find_openings import find_openings
from hub.operations.follow_merges import follow_merges, lead_to_survivors
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.join_waitlist import join_waitlist, leave_waitlist
from hub.operations.move_visit import Moved, MoveRequest
from hub.operations.no_show_visit import no_show_visit
from hub.operations.propose_repair import find_proposal, propose_repair
from hub.operations.rank_openings import rank_openings
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.operations.serve_waitlist import find_offers, find_waiting, serve_waitlist
from hub.operations.settle_by_hand import Word, settle_by_hand
from hub.operations.sign_consent import sign_consent, withdraw_consent
from hub.operations.stockroom import Stockroom
from hub.operations.tend_book import Tended, tend_book
from hub.operations.waive_fee import Waived, waive_fee
from hub.ports import Pending, Placed, Store
from hub.ports.repairs import Proposal
from hub.ports.waitlist import Offer as FreedOffer
from hub.ports.waitlist import WaitlistEntry
from hub.scheduling.absences import Absence
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.nearest import Nearest
from hub.scheduling.ranking import Offer, Wishes
from hub.scheduling.request import BookingRequest, OpeningsRequest
from hub.scheduling.series import SeriesRequest
from hub.scheduling.series_refusal import SeriesObstacle
from hub.scheduling.waivers import WaiverRequest


@dataclass(frozen=True)
class Desk:
    """The operations on one practice's book."""

    store: Store
    outside: Outside
    told: Mapping[Kind, frozenset[str]]
    """Kind → the systems that are told of its records."""
    keep: timedelta | None = None
    """So long a batch of a moved history can be taken back; None: for ever."""

    @property
    def _push_to(self) -> tuple[str, ...]:
        """Of visits."""
        return tuple(self.told[Kind.VISIT])

    def find(self, request: OpeningsRequest) -> Openings | Refusal:
        """Openings in the book."""
        return follow_merges(self.store, request, lambda asked: find_openings(self.store, asked))

    def nearest(self, request: BookingRequest) -> Nearest:
        """The nearest times before and after one that was refused."""
        return find_nearest(self.store, lead_to_survivors(self.store, request))

    def rank(self, request: OpeningsRequest, wishes: Wishes) -> tuple[Offer, ...] | Refusal:
        """Openings in the order in which to offer them."""
        return follow_merges(self.store, request, lambda asked: rank_openings(self.store, asked, wishes))

    def gaps(self, location_id: str, first_on: date, last_on: date, kinds: Sequence[str] | None = None) -> GapReport:
        """What stands idle, and who waits and fits."""
        return find_gaps(self.store, location_id, first_on, last_on, kinds)

    def hold(self, request: BookingRequest, *, actor: str) -> Held | Refusal:
        """Hold a time; nobody outside is told."""
        return follow_merges(self.store, request, lambda asked: hold_visit(self.store, asked, actor=actor))

    def book(self, request: BookingRequest, *, actor: str, key: str | None = None) -> Booked | Undecided | Refusal:
        """Book once all agreed who have a say, and leave word for every system that is told of visits."""
        asking = Asking(actor, key, self._push_to)
        return follow_merges(
            self.store, request, lambda asked: confirm_booking(self.store, asked, self.outside, asking)
        )

    def book_hold(self, hold_id: str, *, actor: str, key: str | None = None) -> Booked | Undecided | Refusal:
        """Book what is held, as `book`."""
        return confirm_hold(self.store, hold_id, self.outside, Asking(actor, key, self._push_to))

    def book_series(
        self, request: SeriesRequest, *, actor: str, key: str | None = None
    ) -> BookedSeries | Undecided | Refusal:
        """Book a whole series once all agreed who have a say, or nothing."""
        asking = Asking(actor, key, self._push_to)
        return follow_merges(self.store, request, lambda asked: confirm_series(self.store, asked, self.outside, asking))

    def book_series_together(
        self, requests: Sequence[SeriesRequest], *, actor: str, key: str | None = None
    ) -> BookedSeries | Refusal:
        """Book several people's series, or nothing."""
        led = [lead_to_survivors(self.store, one) for one in requests]
        return book_series_together(self.store, led, actor=actor, key=key, push_to=self._push_to)

    def explain_series(self, *requests: SeriesRequest) -> SeriesObstacle:
        """Why a series, or one of several people's, finds no place."""
        return explain_series(self.store, *(lead_to_survivors(self.store, one) for one in requests))

    def move(self, request: MoveRequest, *, actor: str) -> Moved | Undecided | Refusal:
        """Move a visit or a trip, where a vendor owns the calendar once it agreed; what it leaves is offered."""
        moved = confirm_move(self.store, request, self.outside, actor=actor, push_to=self._push_to)
        self.serve_waitlist()
        return moved

    def nearest_move(self, request: MoveRequest) -> Nearest:
        """The nearest times before and after one to which a visit could not be moved."""
        return find_nearest_move(self.store, request)

    def cancel(self, ids: Sequence[str], wish: Cancellation) -> Ended | Undecided | Refusal:
        """Call visits off, where a vendor owns the calendar once it agreed; their time is offered to those who wait."""
        ended = confirm_cancellation(self.store, ids, wish, self.outside, self._push_to)
        self.serve_waitlist()
        return ended

    def no_show(
        self,
        ids: Sequence[str],
        *,
        actor: str,
        reason: str | None = None,
        role: str | None = None,
        waive: bool = False,
    ) -> Ended | Refusal:
        """Note that the patient did not come."""
        return no_show_visit(
            self.store, *ids, actor=actor, reason=reason, role=role, waive=waive, push_to=self._push_to
        )

    def waive(self, ids: Sequence[str], request: WaiverRequest, *, actor: str) -> Waived | Refusal:
        """Let a patient off a fee or a deposit."""
        return waive_fee(self.store, request, *ids, actor=actor, push_to=self._push_to)

    def complete(
        self, ids: Sequence[str], *, actor: str, used: Mapping[str, Decimal] | None = None
    ) -> tuple[Visit, ...] | Refusal:
        """Note that visits took place."""
        return complete_visit(self.store, *ids, actor=actor, used=used, push_to=self._push_to, told=self.told)

    def sign(
        self, patient_id: str, form_id: str, *, actor: str, version: str | None = None, document: str | None = None
    ) -> Consent | Refusal:
        """Note that a patient signed a form now."""
        told = self.told[Kind.CONSENT]
        return sign_consent(
            self.store, patient_id, form_id, actor=actor, version=version, document=document, push_to=told
        )

    def withdraw(self, patient_id: str, form_id: str, *, actor: str) -> tuple[Consent, ...] | Refusal:
        """Note that a patient took a consent back."""
        return withdraw_consent(self.store, patient_id, form_id, actor=actor, push_to=self.told[Kind.CONSENT])

    def away(self, resource_id: str, span: Span, *, actor: str, reason: str | None = None) -> Absence | Refusal:
        """Note that a resource is away."""
        return add_away(self.store, resource_id, span, actor=actor, reason=reason)

    def block(
        self, block_id: str, resources: Sequence[str], span: Span, *, actor: str, reason: str | None = None
    ) -> Placed | Refusal:
        """Take time of resources for something that is no visit."""
        return block_time(self.store, block_id, resources, span, actor=actor, reason=reason)

    def find_unsettled(self) -> tuple[Pending, ...]:
        """What still waits for another system's word, the oldest first."""
        with self.store.begin("find_unsettled") as work:
            return tuple(one for one in work.pendings.find_unsettled() if not one.standing.is_settled)

    def settle(self, visit_id: str, word: Word) -> Pending | Refusal:
        """What is undecided of a visit, settled by a person's word."""
        return settle_by_hand(self.store, visit_id, word, self.outside, push_to=self._push_to)

    def reconcile(self) -> ReconcileResult:
        """Settle what is undecided and due."""
        return reconcile_bookings(self.store, self.outside, push_to=self._push_to)

    def tend(self) -> Tended:
        """Do what time alone asks for."""
        return tend_book(self.store, self.outside, push_to=self._push_to, keep=self.keep)

    def join_waitlist(self, request: OpeningsRequest, *, actor: str) -> WaitlistEntry | Refusal:
        """Wait for a time to be freed."""
        return follow_merges(self.store, request, lambda asked: join_waitlist(self.store, asked, actor=actor))

    def leave_waitlist(self, entry_id: str, *, actor: str) -> WaitlistEntry | None:
        """Stop waiting; None: nobody of that id waits."""
        return leave_waitlist(self.store, entry_id, actor=actor)

    def waiting(self) -> tuple[WaitlistEntry, ...]:
        """Who waits without an offer, in the order of joining."""
        return find_waiting(self.store)

    def offers(self) -> tuple[FreedOffer, ...]:
        """Who has a freed time offered."""
        return find_offers(self.store)

    def serve_waitlist(self) -> tuple[FreedOffer, ...]:
        """Offer what was freed; gives the new offers. Every minute or so: holds that run out free time as well."""
        return serve_waitlist(self.store)

    def propose_repair(
        self, location_id: str, on: date, *, notice_minutes: int, actor: str, seconds: float = 2.0
    ) -> Proposal:
        """How a day that no longer fits could be repaired."""
        return propose_repair(self.store, location_id, on, notice_minutes=notice_minutes, actor=actor, seconds=seconds)

    def find_proposal(self, proposal_id: str) -> Proposal | None:
        """A proposal as it was made, and what was approved of it."""
        return find_proposal(self.store, proposal_id)

    def approve_repair(
        self, proposal_id: str, changes: Collection[str] | None = None, *, actor: str
    ) -> Approved | NotApproved | Undecided:
        """Put a proposal into force, whole or in part, where a vendor owns the calendar once it agreed."""
        approved = confirm_repair(self.store, proposal_id, changes, self.outside, actor=actor, push_to=self._push_to)
        self.serve_waitlist()
        return approved

    @property
    def stock(self) -> Stockroom:
        """Lots, vials, counts, as the desk handles them."""
        return Stockroom(self.store, "desk")
