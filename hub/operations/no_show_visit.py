"""Note that a patient did not come."""

from collections.abc import Collection, Sequence

from hub.canonical.records import VisitState
from hub.operations.end_visits import Ended, end_visits
from hub.operations.note_visits import Note
from hub.operations.place_facts import recheck_facts
from hub.operations.under_locks import change_standing
from hub.ports import StandingVisit, Store
from hub.scheduling.decision import Refusal
from hub.scheduling.fees import no_show_share


def no_show_visit(
    store: Store,
    *visit_ids: str,
    actor: str,
    reason: str | None = None,
    role: str | None = None,
    waive: bool = False,
    push_to: Collection[str] = (),
) -> Ended | Refusal:
    """End what is still to come of these visits as missed, at the policy's share for it.

    `not_booked`: unknown, over or cancelled. `not_begun`: the arrival of one of them is still to come.
    `already_arrived`: a patient is here. The arguments are those of `cancel_visit`.
    """
    with store.begin("no_show_visit", in_turn=True) as work:

        def end(standing: Sequence[StandingVisit]) -> Ended | Refusal:
            if any(one.visit.state is VisitState.ARRIVED for one in standing):
                return Refusal(("already_arrived",))
            if any(one.visit.start > work.now for one in standing):
                return Refusal(("not_begun",))
            ended = end_visits(
                work,
                standing,
                state=VisitState.NO_SHOW,
                share_of=lambda policy, _: no_show_share(policy.cancellation),
                note=Note("visit_missed", "no_show_visit", actor, role, reason),
                push_to=push_to,
                waive=waive,
            )
            if isinstance(ended, Ended):
                work.finish()
            return ended

        ended = change_standing(work, visit_ids, end)
    if isinstance(ended, Ended) and ended.may_mend:
        recheck_facts(store)
    return ended
