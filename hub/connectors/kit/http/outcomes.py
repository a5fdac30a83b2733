"""What a server's OperationOutcome says is wrong with a record: which element, in which way, and never a value.

Its free text (`diagnostics`, `details.text`) may quote the record, and so may what stands in brackets in a path: both
stay out. Source: HL7 FHIR R4 (4.0.1), OperationOutcome.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from hub.errors import Problem

_WORDS = (
    "invalid structure required value invariant security login unknown expired forbidden suppressed processing "
    "not-supported duplicate multiple-matches not-found deleted too-long code-invalid extension too-costly "
    "business-rule conflict transient lock-error no-store exception timeout incomplete throttled"
)
_ISSUE_TYPES = frozenset(_WORDS.split(" "))
"""Of the value set issue-type."""
_OPERATION_OUTCOME = re.compile(r"MSG_[A-Z_]{1,40}")
_CALL = re.compile(r"\.(?:where|ofType|extension|as|first|resolve)\([^()]*\)")
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}(?:\.[A-Za-z][A-Za-z0-9]{0,39}|\[[0-9]{1,4}\])*")
MOST = 10


def outcome_problems(content: bytes, message: str, code: str) -> tuple[Problem, ...]:
    """A problem for each error of the outcome; none where the answer is no OperationOutcome.

    Args:
        content: the answer's body.
        message: what was asked and with which status it was answered.
        code: the reason code.
    """
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return ()
    issues = said.get("issue") if isinstance(said, dict) else None
    listed = [one for one in issues if isinstance(one, dict)] if isinstance(issues, list) else []
    errors = [one for one in listed if one.get("severity") not in ("warning", "information")]
    hint = "Correct the record, or its mapping"
    return tuple(Problem(f"{message} ({_words(one)})", code, field=_path(one), hint=hint) for one in errors[:MOST])


def _words(issue: dict[str, Any]) -> str:
    """The kind of issue and HL7's code of its message; codes of a server's own could hold anything."""
    details = issue.get("details")
    codings = details.get("coding") if isinstance(details, dict) else None
    named = [one.get("code") for one in codings if isinstance(one, dict)] if isinstance(codings, list) else []
    codes = [kind for kind in [issue.get("code")] if isinstance(kind, str) and kind in _ISSUE_TYPES]
    codes += [one for one in named if isinstance(one, str) and _OPERATION_OUTCOME.fullmatch(one)]
    return " ".join(codes) or "no code"


def _path(issue: dict[str, Any]) -> str | None:
    """The first element it names, as FHIRPath or, in older servers, as XPath."""
    for path in _said_paths(issue):
        plain = _without_values(path)
        if _PATH.fullmatch(plain):
            return plain
    return None


def _said_paths(issue: dict[str, Any]) -> Iterator[str]:
    for key in ("expression", "location"):
        named = issue.get(key)
        yield from (one for one in (named if isinstance(named, list) else [named]) if isinstance(one, str))


def _without_values(path: str) -> str:
    plain = path.replace("/f:", ".").replace("f:", "").strip("./ ")
    while (shorter := _CALL.sub("", plain)) != plain:
        plain = shorter
    return plain
