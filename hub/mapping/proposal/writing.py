"""A proposal as the text of a table, with what each guess rests on."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.canonical.ids import Kind
from hub.mapping.codes import loose
from hub.mapping.proposal.shapes import Shape

VALUE = frozenset({Kind.PAYMENT, Kind.PACKAGE, Kind.GIFT_CARD, Kind.MEMBERSHIP, Kind.INVOICE, Kind.LOT})
"""What is worth something: a record of it stays behind whole where an amount, a count or whose it is cannot be read."""
CODED = ("code", "signed_money")
"""Codecs that read words by a code table."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A field, and where it probably stands."""

    field: str
    """Or two, as a table's key names them."""
    paths: tuple[str, ...]
    shape: Shape
    is_sure: bool
    required: bool
    default: Any
    """What the field holds where nothing is said; None: nothing."""
    filled: int
    count: int
    words: tuple[str, ...] = ()
    """What stands there, where it is codes and not personal."""
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """For a codec of several parts: part → path."""

    def elsewhere(self, old: str, new: str) -> "Guess":
        """With other words in its paths."""
        parts = {part: path.replace(old, new) for part, path in self.parts.items()}
        return replace(self, paths=tuple(path.replace(old, new) for path in self.paths), parts=parts)


def table_text(
    kind: Kind,
    guesses: Sequence[Guess],
    *,
    system: str,
    row: bool,
    joins: str | None,
    each: str | None,
    each_id: str | None,
    missing: Sequence[str],
    unmapped: Sequence[str],
    count: int,
) -> str:
    """The file, to be read and mended by a person."""
    lines = [
        f"about: Proposed from {count} records of {system}; every line is a guess until somebody has looked at it.",
        f"record: {kind}",
        *(["shape: row"] if row else []),
        *([f"# joins: PATH, where {joins}'s id of the {kind} stands"] if joins else []),
        *([_each_line(each, each_id)] if each else []),
        "fields:",
        *(line for guess in guesses for line in _lines(guess, kind, system)),
        *(f"  # {name}: not found" for name in missing),
        *(f"# not mapped: {path}" for path in unmapped),
    ]
    return "\n".join(lines) + "\n"


def _each_line(each: str, id_: str | None) -> str:
    if id_ is None:
        return f"each: {_scalar(each)}  # one record an element; add an id of theirs, if they have one"
    return f"each: {{path: {_scalar(each)}, id: {_scalar(id_)}}}  # one record an element; does its id ever change?"


WIDTH = 120


def _lines(guess: Guess, kind: Kind, system: str) -> list[str]:
    line, why = _line(guess, kind, system), _why(guess)
    return [f"{line}  # {why}"] if len(line) + len(why) + 4 <= WIDTH else [f"  # {why}", line]


def _line(guess: Guess, kind: Kind, system: str) -> str:
    shape = guess.shape
    said: dict[str, Any] = {"paths": dict(guess.parts)} if guess.parts else {"path": " | ".join(guess.paths)}
    if shape.codec != "text":
        said["codec"] = shape.codec
    said |= shape.options
    if shape.codec in CODED:
        said["table"] = codes_name(system, kind, guess.field)
    if guess.required:
        said["required"] = True
    elif guess.default is not None:
        said["default"] = guess.default
    elif shape.codec == "date" or (kind not in VALUE and shape.codec not in ("text", "full_name", "code")):
        said["problem"] = "blank"
    if kind is Kind.SERVICE and guess.field == "sku":
        said["direction"] = "read"
    text = ", ".join(f"{key}: {_scalar(value)}" for key, value in said.items())
    return f"  {guess.field}: {{{text}}}"


def _why(guess: Guess) -> str:
    parts = [f"in {guess.filled} of {guess.count}"]
    if guess.shape.fits < 1:
        parts.append(f"{guess.shape.fits:.0%} of them look like it")
    if not guess.is_sure:
        parts.append("unsure: look at it")
    if guess.shape.remark:
        parts.append(guess.shape.remark)
    return "; ".join(parts)


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS_OF_YAML = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


def _scalar(value: Any) -> str:
    """YAML that is read back as the same: plain where it can be, else JSON's words."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_scalar(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML:
        return value
    return json.dumps(value, ensure_ascii=False)


def codes_name(system: str, kind: Kind, field: str) -> str:
    """Of the code table of a field, or of the first of two."""
    return f"{system}-{kind}-{loose(field.split(' + ', maxsplit=1)[0])}"


def codes_text(guess: Guess, meanings: Mapping[str, Sequence[str]] | None) -> str:
    """A code table of the words that were seen; those that nobody knows a meaning for stand in a comment.

    Without `meanings` each word means itself.
    """
    by_word = {loose(word): code for code, words in (meanings or {}).items() for word in words}
    codes: dict[str, list[str]] = {}
    unknown: list[str] = []
    for word in {loose(word): word for word in guess.words}.values():
        code = _snake(word) if meanings is None else _meaning(loose(word), by_word)
        if code:
            codes.setdefault(code, []).append(word)
        else:
            unknown.append(word)
    lines = [f"about: Words of {guess.paths[0]} that were seen. Look at each."]
    lines += ["codes:"] if codes else ["codes: {}"]
    lines += [f"  {_scalar(code)}: {json.dumps(words, ensure_ascii=False)}" for code, words in codes.items()]
    lines += [f"# no meaning yet: {json.dumps(word, ensure_ascii=False)}" for word in unknown]
    return "\n".join(lines) + "\n"


def _meaning(word: str, by_word: Mapping[str, str]) -> str | None:
    """By the word, or how it begins: `cancelledbyclient`."""
    if word in by_word:
        return by_word[word]
    return next((code for known, code in by_word.items() if len(known) > 4 and word.startswith(known)), None)


def _snake(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")
