"""What a pull brings of bookings that did not come about and stand at the vendor all the same."""

from hub.ports import UnitOfWork
from hub.scheduling.pending import Answer, Stage, Step, follow


def meet_released(work: UnitOfWork, visit_id: str, *, is_new: bool) -> bool:
    """Whether the id is that of a booking which did not come about.

    What was asked arrived late, then: the next reconciler withdraws it there, once for each state of it that is new.
    """
    released = work.pendings.find_released([visit_id])
    if released and is_new:
        work.visits.lock()  # the claims' table comes before the change's row
        for one in released:
            pending = work.pendings.lock(one.id)
            if pending.standing.stage is Stage.RELEASED:
                work.pendings.save(one.id, follow(pending.standing, Step.CONFIRM, Answer.YES), pending.outcome)
                work.pendings.postpone(one.id, work.now)
    return bool(released)
