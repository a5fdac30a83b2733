"""A proof in lines for a tired person."""

from collections.abc import Iterator
from typing import Any

from hub.ports.verifications import CheckState, HistoryCheck, Verification

_WORDS = {CheckState.OK: "ok", CheckState.FAILED: "FAIL", CheckState.ACCEPTED: "lived", CheckState.BROKEN: "BROKEN"}


def lines_of(proof: Verification) -> Iterator[str]:
    """One line a check, what contradicts it, and how it stands."""
    for check in proof.checks:
        yield from _lines_of(check)
    agreeing = sum(total.agrees for total in proof.totals)
    yield f"{agreeing} of {len(proof.totals)} control totals agree, of the landed text and of the hub."
    blocking, accepted = len(proof.blocking), sum(check.state is CheckState.ACCEPTED for check in proof.checks)
    standing = f"{len(proof.checks)} checks: {len(proof.checks) - blocking - accepted} ok"
    standing += f", {accepted} accepted" if accepted else ""
    yield standing + (f", {blocking} FAILED. Signature and cut-over wait for them." if blocking else ". Verified.")


def answer_of(proof: Verification) -> dict[str, Any]:
    """The same for programs."""
    checks = [
        {
            "name": check.name,
            "says": check.says,
            "state": check.state,
            "findings": check.findings,
            "examples": list(check.examples),
            "because": check.because,
        }
        for check in proof.checks
    ]
    agreeing = sum(total.agrees for total in proof.totals)
    totals = {"compared": len(proof.totals), "agree": agreeing}
    return {"ok": not proof.blocking, "data_hash": proof.data_hash, "checks": checks, "totals": totals}


def _lines_of(check: HistoryCheck) -> Iterator[str]:
    compared = f"  {check.looked_at:,} values compared" if check.looked_at else ""
    findings = f"  {check.findings:,} contradict it" if check.findings else ""
    yield f"  {_WORDS[check.state]:<6} {check.name}{compared}{findings}"
    if check.state is CheckState.OK:
        return
    yield f"         {check.says}"
    for example in check.examples:
        yield f"         - {example}"
    if check.because:
        yield f"         accepted by {check.accepted_by}: {check.because}"
