"""What a pull brings of bookings that are not in the book: not decided yet, or given up and there all the same."""

from hub.ports import UnitOfWork
from hub.scheduling.pending import Answer, Stage, Step, follow


def meet_pending(work: UnitOfWork, visit_id: str, *, is_new: bool) -> bool:
    """Whether the id is that of a booking which waits for a word, or did not come about.

    One that did not come about and stands at the vendor after all (what was asked arrived late) is withdrawn there by
    the next reconciler, once for each state of it that is new.
    """
    if work.pendings.find_undecided([visit_id]) is not None:
        return True
    released = work.pendings.find_released([visit_id])
    if released and is_new:
        work.visits.lock()  # the claims' table comes before the change's row
        for one in released:
            pending = work.pendings.lock(one.id)
            if pending.standing.stage is Stage.RELEASED:
                work.pendings.save(one.id, follow(pending.standing, Step.CONFIRM, Answer.YES), pending.outcome)
                work.pendings.postpone(one.id, work.now)
    return bool(released)
