"""How PostgreSQL itself reads the text that landed, so that a wrong codec cannot hide behind its own inverse.

From a mapping table only what it declares is taken: columns, formats of dates, words of codes. No codec runs.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.records import MODELS
from hub.mapping.apply import TwoWay
from hub.mapping.codes import CodeTable
from hub.mapping.spec import FieldPlan
from hub.operations.migration.history import Correction

_PATTERNS = {
    "%Y": ("YYYY", r"\d\d\d\d"),
    "%m": ("MM", r"\d\d?"),
    "%d": ("DD", r"\d\d?"),
    "%b": ("Mon", r"[A-Za-z][A-Za-z][A-Za-z]"),
    "%B": ("Month", r"[A-Za-z]+"),
    "%y": ("YY", r"\d\d"),
}
"""strptime's directive → to_char's pattern, and what its text looks like."""
_NOT_PLAIN = re.compile(r"[^\w .,/$-]", re.ASCII)
_TIME = r"^\d\d?:\d\d(:\d\d)?\s*([ap]\.?m\.?)?$"


def landed_words(
    mappings: Mapping[Kind, TwoWay],
    codes: Mapping[str, CodeTable],
    corrections: Mapping[Kind, Mapping[str, Correction]] | None = None,
) -> dict[str, str]:
    """SQL expressions over a row `record` of `source_record`, by `<kind>_<field>`; `…_text` is the bare text.

    `…_read` reads a text `said` instead (`kind_said` and `amount_said` for signed money): what rows say repeats, so who
    adds up many reads each text once.

    Args:
        mappings: what declares columns and formats, by kind.
        codes: the code tables that they name.
        corrections: by kind and row id: column → what a person put in its place.
    """
    words: dict[str, str] = {}
    for kind, mapping in mappings.items():
        right = (corrections or {}).get(kind, {})
        words |= {f"{kind}_{name}{form}": "NULL" for name in _untold(kind, mapping) for form in ("", "_text", "_read")}
        for plan in mapping.table.fields:
            words |= {f"{kind}_{name}": sql for name, sql in _words_of(plan, codes, right)}
            words |= {name: _or_default(words[name], plan) for name in _own_words(kind, plan) if name in words}
    return words


def _untold(kind: Kind, mapping: TwoWay) -> set[str]:
    """The fields that the table does not name: no row says anything of them."""
    return MODELS[kind].model_fields.keys() - {"id", *mapping.names}


def _own_words(kind: Kind, plan: FieldPlan) -> tuple[str, ...]:
    return tuple(f"{kind}_{name}{form}" for name in plan.names for form in ("", "_read"))


def _or_default(sql: str, plan: FieldPlan) -> str:
    """What stands for a blank, where the table says it."""
    default = plan.spec.default
    if not isinstance(default, bool | int | str):
        return sql
    return f"coalesce({sql}, {quoted(default) if isinstance(default, str) else str(default).lower()})"


def _words_of(
    plan: FieldPlan, codes: Mapping[str, CodeTable], right: Mapping[str, Correction]
) -> Iterator[tuple[str, str]]:
    spec = plan.spec
    options = spec.model_extra or {}
    if spec.path is None and not spec.paths:
        yield from ((plan.name, "NULL"), (f"{plan.name}_text", "NULL"), (f"{plan.name}_read", "NULL"))
    if spec.path:
        yield f"{plan.name}_text", _text(spec.path, right)
    for part, path in (spec.paths or {}).items():
        yield f"{plan.name}_{part}_text" if len(plan.names) == 1 else f"{part}_text", _text(path, right)
    if spec.codec == "wall_time" and spec.paths and {"date", "time"} <= spec.paths.keys():
        date, time = (_text(str(spec.paths[part]), right) for part in ("date", "time"))
        yield plan.name, f"({_date(date, options['dates'])} + {time_read(time)})"
        yield f"{plan.name}_date_read", _date("said", options["dates"])
        yield f"{plan.name}_time_read", time_read("said")
    elif spec.codec == "signed_money" and spec.paths:
        kind, amount = (_text(spec.paths[part], right) for part in ("kind", "amount"))
        table = codes[options["table"]]
        yield "kind", _code(kind, table)
        yield "kind_read", _code("kind_said", table)
        yield "amount", _signed(kind, amount, table, options)
        yield "amount_read", _signed("kind_said", "amount_said", table, options)
    elif spec.codec == "balance" and spec.paths:
        value, spent, left = (_money(_text(spec.paths[part], right), "text") for part in ("value", "spent", "left"))
        yield "value", value
        yield "left", f"coalesce({left}, {value} - {spent})"
    elif spec.path and (read := _READ.get(spec.codec)):
        yield plan.name, read(_text(spec.path, right), options, codes)
        yield f"{plan.name}_read", read("said", options, codes)


def _signed(kind: str, amount: str, table: CodeTable, options: Mapping[str, Any]) -> str:
    back, read = ", ".join(quoted(code) for code in options.get("back", [])), _money(amount, "text")
    return f"(CASE WHEN {_code(kind, table)} IN ({back}) THEN -abs({read}) ELSE {read} END)"


def _text(path: str, right: Mapping[str, Correction]) -> str:
    """What stands in a column, or what a person put in its place."""
    landed = f"(record.payload ->> {quoted(path)})"
    mended = ", ".join(f"{_json(row)}: {_json(said[path])}" for row, said in right.items() if path in said)
    return f"coalesce(CAST('{{{mended}}}' AS jsonb) ->> record.source_id, {landed})" if mended else landed


def _json(text: str) -> str:
    """As JSON in a literal of SQL, with nothing in it that whoever hands the SQL on takes for a parameter."""
    escaped = _NOT_PLAIN.sub(lambda found: "".join(f"\\u{unit:04x}" for unit in _units(found[0])), text)
    return f'"{escaped}"'


def _units(character: str) -> tuple[int, ...]:
    """Of UTF-16, which JSON's escapes are in."""
    written = character.encode("utf-16-be", "surrogatepass")
    return tuple(int.from_bytes(written[at : at + 2], "big") for at in range(0, len(written), 2))


def _date(text: str, formats: list[str]) -> str:
    """The first format that the text looks like; NULL: none."""
    cases = []
    for one in formats:
        pattern, looks = one, re.escape(one)
        for directive, (letters, shape) in _PATTERNS.items():
            pattern, looks = pattern.replace(directive, letters), looks.replace(re.escape(directive), shape)
        cases.append(f"WHEN btrim({text}) ~ {quoted(f'^{looks}$')} THEN to_date(btrim({text}), {quoted(pattern)})")
    return f"(CASE {' '.join(cases)} END)"


def time_read(text: str) -> str:
    """The time of day that a text says, as SQL; PostgreSQL reads `pm`, not `p.m.`."""
    return f"(CASE WHEN btrim({text}) ~* {quoted(_TIME)} THEN replace(btrim({text}), '.', '')::time END)"


def _money(text: str, form: str) -> str:
    """Cents; a comma before the last one or two digits is a decimal one."""
    scale = 1 if form == "minor" else 100
    written = f"substring({text} from '\\d[\\d.,]*')"
    comma = f"replace(replace({written}, '.', ''), ',', '.')"
    number = f"(CASE WHEN {written} ~ ',\\d\\d?$' THEN {comma} ELSE replace({written}, ',', '') END)::numeric"
    return f"((CASE WHEN {text} ~ '[-(]' THEN -{scale} ELSE {scale} END) * {number})::bigint"


def _number(text: str) -> str:
    return f"replace(nullif(btrim({text}), ''), ',', '')::numeric"


def _code(text: str, table: CodeTable) -> str:
    bare = rf"regexp_replace(lower({text}), '\W|_', '', 'g')"
    cases = " ".join(
        f"WHEN {quoted(re.sub('[^a-z0-9]', '', word.lower()))} THEN {quoted(code)}"
        for code, words in table.codes.items()
        for word in words
    )
    return f"(CASE {bare} {cases} END)"


def _yes(text: str, options: Mapping[str, Any], codes: Mapping[str, CodeTable]) -> str:
    meant = f"{_code(text, codes[options['table']])}::boolean" if "table" in options else f"btrim({text})::boolean"
    return f"(NOT {meant})" if options.get("inverse") else f"({meant})"


_READ: Mapping[str, Callable[[str, Mapping[str, Any], Mapping[str, CodeTable]], str]] = {
    "date": lambda text, options, _: _date(text, options.get("formats", ["%Y-%m-%d"])),
    "money": lambda text, options, _: _money(text, options.get("form", "text")),
    "code": lambda text, options, codes: _code(text, codes[options["table"]]),
    "boolean": _yes,
    "integer": lambda text, _options, _codes: _number(text),
    "quantity": lambda text, _options, _codes: _number(text),
}
"""Codecs of one path → how their text is read."""


def quoted(value: str) -> str:
    """As a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"
