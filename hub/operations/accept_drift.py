"""Accept what has drifted: it belongs to the stream's contract from now on, and what waited for that is taken."""

from hub.canonical.ids import Kind
from hub.errors import InvalidInput, Problem, SafetyStop
from hub.operations.decide_conflict import may_decide
from hub.operations.guard_feed import Accepted
from hub.operations.linked_system import LinkedSystem
from hub.operations.pull_changes import PullResult
from hub.operations.replay import find_quarantined, replay_records
from hub.operations.watch_drift import DRIFT, find_drifted, read_drifts
from hub.ports import AuditEntry, Store
from hub.sync.drift import Contract


def accept_drift(system: LinkedSystem, kind: Kind, accepted: Accepted, store: Store) -> PullResult:
    """Learn it, close the issue and take the records that were kept back for it.

    Raises:
        InvalidInput: nothing has drifted.
        SafetyStop: the role may not.
    """
    with store.begin("accept_drift") as uow:
        if not may_decide(uow, accepted.role):
            message = f"the role {accepted.role!r} may not accept this; nothing was changed"
            raise SafetyStop(Problem(message, "may_not_decide", hint="The policy's `decides` names the roles that may"))
        found = find_drifted(system, kind, uow)
        if not found:
            hint = "`hub drift show` lists what has drifted"
            raise InvalidInput(Problem(f"nothing of {system.name} {kind} has drifted", field="kind", hint=hint))
        drifts = [drift for one in found for drift in read_drifts(one)]
        contract = uow.cursors.find_contract(system.name, kind) or Contract()
        uow.cursors.save_contract(system.name, kind, contract.learn(drifts))
        uow.issues.close(DRIFT, kind, [system.name], by=accepted.actor)
        entry = AuditEntry(
            accepted.actor, "accept_drift", kind, system.name, role=accepted.role, reason=accepted.reason,
            detail={"drifted": [str(one) for one in drifts]},
        )  # fmt: skip
        uow.journal.record_audit(entry)
    waiting = [one.id for one in find_quarantined(system.name, store, kind) if DRIFT in one.why]
    return replay_records(system, kind, waiting, store)
