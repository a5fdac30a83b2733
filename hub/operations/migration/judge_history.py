"""What a proof comes to: findings that the practice lives with, and whether somebody may sign for the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hub.errors import InvalidInput, NeedsAttention, Problem, SafetyStop
from hub.ports import UnitOfWork
from hub.ports.verifications import CheckState, HistoryCheck, Signature, Verification

LONGEST_NAME = 200
VERIFY = "Run `hub migrate verify FOLDER`"
_BLOCKS = {CheckState.FAILED: "failed", CheckState.BROKEN: "could not be judged"}


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that the practice lives with."""

    because: str
    by: str


def accept_findings(
    checks: Sequence[HistoryCheck], accepted: Mapping[str, Acceptance], file: str
) -> tuple[HistoryCheck, ...]:
    """The checks, of which those failed that nobody accepted; one that could not be judged cannot be accepted.

    Args:
        checks: as they were judged.
        accepted: by name of a check.
        file: where that stands.

    Raises:
        InvalidInput: something is accepted that is no check.
    """
    names = {check.name for check in checks}
    unknown = sorted(accepted.keys() - names)
    if unknown:
        hint = f"The checks are: {', '.join(sorted(names))}"
        raise InvalidInput(
            *(Problem(f"{one!r} is no check", "unknown_check", file, field=one, hint=hint) for one in unknown)
        )
    return tuple(
        replace(check, state=CheckState.ACCEPTED, because=said.because, accepted_by=said.by)
        if check.state is CheckState.FAILED and (said := accepted.get(check.name))
        else check
        for check in checks
    )


def require_proof(work: UnitOfWork, system: str) -> Verification:
    """The proof of a history as it stands now: what signature and cut-over wait for.

    Raises:
        NeedsAttention: there is none yet, or the data is another since.
        SafetyStop: a check failed that nobody accepted.
    """
    proof = work.verifications.find_last(system)
    if proof is None:
        raise NeedsAttention(Problem(f"the history of {system} was not verified yet", "not_verified", hint=VERIFY))
    if proof.blocking:
        raise SafetyStop(*(_failed(check) for check in proof.blocking))
    if proof.data_hash != work.verifications.hash_data():
        raise NeedsAttention(
            Problem(f"the data of {system} changed since it was verified", "changed_since", hint=VERIFY)
        )
    return proof


def _failed(check: HistoryCheck) -> Problem:
    hint = "Mend it and verify again, or accept it with a reason under 'accepted' in decisions.yaml"
    return Problem(f"this check {_BLOCKS[check.state]}", "check_failed", field=check.name, hint=hint)


def sign_history(work: UnitOfWork, system: str, name: str) -> Signature:
    """Somebody answers for the history as it was verified and still stands.

    Raises:
        InvalidInput: there is no name.
        NeedsAttention, SafetyStop: as `require_proof`.
    """
    by = signer(name, "--name")
    proof = require_proof(work, system)
    work.verifications.sign(proof.id, by, proof.data_hash)
    return work.verifications.find_signatures(system)[0]


def signer(name: str, field: str) -> str:
    """A person's name, on one line.

    Raises:
        InvalidInput: there is none.
    """
    said = " ".join(name.split())
    if not said or len(said) > LONGEST_NAME or not said.isprintable():
        raise InvalidInput(Problem("give the name of the person who answers for it", "bad_name", field=field))
    return said
