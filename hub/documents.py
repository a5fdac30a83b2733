"""YAML and JSON text into validated models, with the file, line and key of whatever is wrong.

Every file a person writes goes through here: practice files, connections, mappings, scenarios. A key that stands
twice, a key nobody knows and a value of the wrong kind are all reported at once.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hub.errors import InvalidInput, Problem

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]
DEEPEST = 50
"""So many lists and tables stand in one another at most."""
MOST_NAMED = 30
"""So many of the words that there are a hint names."""

_WHOLE = ("not a whole number", "Write it in digits, without quotes and decimal point")
_NUMBER = ("not a number", "Write it in digits, without quotes, as 12 or 0.5")
_TRUTH = ("neither true nor false", "Write true or false, without quotes")
_TEXT = ("not text", "Put it into quotation marks")
_LIST = ("not a list", "Write it as [a, b], or each entry on a line of its own behind a dash")
_TABLE = ("not a table of keys", "Write it as {{key: value}}, or each key on a line of its own")
_ABSENT = ("there is no value", "Write one behind the colon, or remove the key")
_KINDS = {
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _TRUTH),
    **dict.fromkeys(("string_type", "string_sub_type"), _TEXT),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), _TABLE),
    "greater_than_equal": ("less than {ge}", "Write {ge} or more"),
    "greater_than": ("not more than {gt}", "Write more than {gt}"),
    "less_than_equal": ("more than {le}", "Write {le} or less"),
    "less_than": ("not less than {lt}", "Write less than {lt}"),
    "string_too_short": ("too short", "Write {min_length} or more characters"),
    "string_too_long": ("too long", "Write {max_length} characters or less"),
    "string_pattern_mismatch": ("not of the form that is asked for", "It matches {pattern}"),
    "too_short": ("too few entries", "Write {min_length} or more"),
    "too_long": ("too many entries", "Write {max_length} or less"),
}
"""What pydantic finds wrong with a single value → the message and what to do, for the bounds that it tells."""


class Document:
    """A parsed file that remembers on which line each value stands."""

    def __init__(self, value: Any, lines: dict[Path, int], file: str) -> None:
        self.value = value
        self.file = file
        self._lines = lines

    def line(self, path: Path) -> int:
        """The line of the value at `path`, or of the nearest thing around it that exists."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def problem(self, path: Path, message: str, hint: str | None = None) -> Problem:
        """A problem at the place of `path` in this file."""
        return Problem(message, file=self.file, line=self.line(path), field=dotted(path), hint=hint)

    def read_as(self, model: type[M]) -> M:
        """The document as a `model`.

        Raises:
            InvalidInput: with one problem for each place that is wrong.
        """
        try:
            return model.model_validate(self.value, by_alias=True, by_name=False)
        except ValidationError as error:
            raise InvalidInput(*(self._problem_of(dict(e)) for e in error.errors(include_url=False))) from None

    def known(self, path: Path) -> Path:
        """`path` without the parts that no file says: the variants of a union, the place in a list of one."""
        kept: list[str | int] = []
        value = self.value
        for depth, part in enumerate(path):
            is_there = part in value if isinstance(value, dict) else _is_place(value, part)
            if is_there:
                value = value[part]
            elif depth < len(path) - 1:
                continue
            elif part == "[key]" or not isinstance(value, dict) or not isinstance(part, str):
                break
            kept.append(part)
        return tuple(kept)

    def _problem_of(self, error: dict[str, Any]) -> Problem:
        path = self.known(tuple(error["loc"]))
        context = error.get("ctx", {})
        if error["type"] == "union_tag_not_found" and (key := str(context["discriminator"]).strip("'")):
            return self.problem((*path, key), f"the key {key!r} is missing", "Add it")
        if error["type"] == "union_tag_invalid":
            key = str(context["discriminator"]).strip("'")
            return self.problem((*path, key), f"unknown {key} {context['tag']!r}", f"Known: {context['expected_tags']}")
        if error["type"] == "extra_forbidden":
            return self.problem(path, f"unknown key {str(path[-1])!r}", "Remove it or mend its spelling")
        if error["type"] == "missing":
            return self.problem(path, f"the key {str(path[-1])!r} is missing", "Add it")
        return self.problem(path, *what_is_wrong(error))


def parse(text: str, file: str) -> Document:
    """One YAML or JSON document. Timestamps stay text: what a date means is the model's business.

    Raises:
        InvalidInput: not YAML, empty, or a key that stands twice.
    """
    try:
        _refuse_tricks(text, file)
        node = yaml.compose(text, Loader=_TextLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InvalidInput(Problem(f"not valid YAML: {error.problem}", file=file, line=line)) from None
    except yaml.YAMLError:
        raise InvalidInput(Problem("not readable as text", file=file, hint="Save it as UTF-8")) from None
    if node is None:
        raise InvalidInput(Problem("the file is empty", file=file, line=1))
    lines: dict[Path, int] = {}
    problems: list[Problem] = []
    value = _value_of(node, (), lines, problems, file)
    if problems:
        raise InvalidInput(*problems)
    return Document(value, lines, file)


def meant(wrong: str, known: Iterable[str]) -> str:
    """A hint at what a word that nobody knows was to be, and what there is."""
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{guess}Known: {', '.join(names[:MOST_NAMED]) or 'none'}{more}"


def what_is_wrong(error: Mapping[str, Any]) -> tuple[str, str | None]:
    """What one of pydantic's errors says of a value, and what to do; what our own models say tells both in one."""
    kind, bounds = error["type"], error.get("ctx", {})
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'", str(bounds["expected"]))
        return "not one of the words that may stand here", meant(str(error["input"]), choices)
    if kind not in _KINDS:
        return error["msg"].removeprefix("Value error, "), None
    message, hint = _ABSENT if error["input"] is None else _KINDS[kind]
    return message.format(**bounds), hint.format(**bounds)


def _is_place(value: Any, part: str | int) -> bool:
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def dotted(path: Path) -> str | None:
    """`("steps", 0, "name")` as `steps[0].name`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or None


_Fastest: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _TextLoader(_Fastest):  # type: ignore[misc]
    """YAML's safe loader without its guesses at times: `2026-03-02T09:00` and `10:30` are text here."""


_PLAIN_NUMBERS = {
    "tag:yaml.org,2002:int": re.compile(r"^[-+]?(0|[1-9][0-9]*)$"),
    "tag:yaml.org,2002:float": re.compile(r"^[-+]?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$"),
}
_TextLoader.yaml_implicit_resolvers = {
    first: [
        (tag, _PLAIN_NUMBERS.get(tag, pattern)) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _refuse_tricks(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_TextLoader):
        line = event.start_mark.line + 1 if event.start_mark else None
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InvalidInput(Problem(f"more than {DEEPEST} lists and tables in one another", file=file, line=line))
        if isinstance(event, yaml.AliasEvent):
            raise InvalidInput(Problem("YAML aliases are not read here", file=file, line=line, hint="Write it out"))
        tag = getattr(event, "tag", None)
        if tag is not None:
            hint = "Remove it, or put the text into quotation marks"
            raise InvalidInput(Problem(f"YAML tags are not read here: {tag}", file=file, line=line, hint=hint))


def _value_of(node: yaml.Node, path: Path, lines: dict[Path, int], problems: list[Problem], file: str) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value_of(child, (*path, i), lines, problems, file) for i, child in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(node)
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            line = key_node.start_mark.line + 1
            problems.append(Problem("a key is a word, not a list or a table", file=file, line=line, field=dotted(path)))
            continue
        key = str(key_node.value)
        if key in mapping:
            line = key_node.start_mark.line + 1
            problems.append(Problem("this key stands twice", file=file, line=line, field=dotted((*path, key))))
        mapping[key] = _value_of(value_node, (*path, key), lines, problems, file)
        lines[(*path, key)] = key_node.start_mark.line + 1
    return mapping


def _scalar(node: yaml.Node) -> Any:
    constructor = yaml.constructor.SafeConstructor()
    try:
        return constructor.construct_object(node)
    except ValueError:  # a number of more digits than Python reads
        return node.value
