"""What an answer of success says went wrong all the same: codes, never free text, which may quote the record."""

from typing import Any

from hub.connectors.kit.http import Answer, place
from hub.connectors.kit.spec.reading import Call
from hub.connectors.kit.values import value_at
from hub.errors import NeedsAttention, Problem, RecordRejected


def refuse_told(call: Call, answer: Answer, *, writes: bool) -> None:
    """Raise what stands where the call says that errors stand.

    Raises:
        RecordRejected: of a write.
        NeedsAttention: of a read.
    """
    errors = value_at(answer.body, call.errors) if call.errors is not None else None
    if not errors:
        return
    kind = RecordRejected if writes else NeedsAttention
    hint = "Correct the record" if writes else "Look up the code in the system's documentation"
    message = f"{place(answer.url)}: the system reports an error{shown(codes_in(errors))}"
    raise kind(Problem(message, code="told_error", hint=hint))


def codes_in(errors: Any) -> list[str]:
    """The codes of errors, and of their `extensions`, each once; what is no bare word is left out."""
    told = [each for each in (errors if isinstance(errors, list) else [errors]) if isinstance(each, dict)]
    found = [value for each in told for value in (each.get("code"), _of_extensions(each)) if value is not None]
    words = [str(value) for value in found if _is_word(str(value))]
    return list(dict.fromkeys(words))


def shown(codes: list[str]) -> str:
    """For a message."""
    return f" ({', '.join(codes[:5])})" if codes else ""


def _of_extensions(error: dict[str, Any]) -> Any:
    extensions = error.get("extensions")
    return extensions.get("code") if isinstance(extensions, dict) else None


def _is_word(text: str) -> bool:
    return 0 < len(text) <= 40 and text.replace("_", "").replace("-", "").replace(".", "").isalnum()
