"""`hub issues`, `hub decide`, `hub explain`: what systems disagree about, and where each value comes from."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.answers import AsJson, refused, tell
from hub.program import LOOK_AT_IT

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.operations.explain_record import ExplainedField
    from hub.ports import Issue

Personal = Annotated[bool, typer.Option("--show-personal", help="Print the values too; that you looked is audited.")]


def issues(
    *,
    kind: Annotated[str | None, typer.Option(help="Only of this kind: conflict, rejected_record, overlap …")] = None,
    personal: Personal = False,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person, the oldest first. Exit 3 when there is something."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        found = hub.exchange.find_issues(kind)
        values = _values(hub) if personal else []
    if as_json:
        typer.echo(json.dumps({"issues": [_told(one) for one in found], **({"values": values} if personal else {})}))
    else:
        for one in found:
            codes = f": {', '.join(one.codes)}" if one.codes else ""
            typer.echo(f"{one.kind:18} {one.subject_kind} {one.subject_id}{codes}")
        for value in values:
            where = f"{value['kind']} {value['id']} {value['field']}"
            typer.echo(f"{where}: hub {json.dumps(value['ours'])}, {value['system']} {json.dumps(value['theirs'])}")
        typer.echo(f"{len(found)} open.")
    if found:
        raise typer.Exit(LOOK_AT_IT)


def _told(issue: "Issue") -> dict[str, Any]:
    subject = {"subject_kind": issue.subject_kind, "subject_id": issue.subject_id}
    return {"kind": issue.kind, **subject, "codes": list(issue.codes), "detail": dict(issue.detail)}


def _values(hub: "Hub") -> list[dict[str, Any]]:
    return [
        {
            "kind": one.conflict.kind,
            "id": one.conflict.canonical_id,
            "field": one.conflict.field,
            "system": one.conflict.system,
            "ours": one.ours,
            "theirs": one.conflict.theirs,
        }
        for one in hub.exchange.find_disagreements("desk")
    ]


def decide(
    kind: Annotated[str, typer.Argument(help="patient, visit …")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="The hub's id of the record.")],
    field: Annotated[str, typer.Argument(help="The field the two disagree about.")],
    *,
    system: Annotated[str, typer.Option(help="The system that says otherwise.")],
    take: Annotated[Literal["hub", "theirs"], typer.Option(help="Whose value stands from now on.")],
    role: Annotated[str, typer.Option(help="In which role you decide.")],
    reason: Annotated[str, typer.Option(help="Why; nothing personal.")],
    as_json: AsJson = False,
) -> None:
    """Decide which of two values stands; every system that is told of the record hears of it with the next push.

    The policy's `decides` names the roles that may.
    """
    from hub.bootstrap import open_hub
    from hub.operations.decide_conflict import Decision
    from hub.settings import read_settings

    chosen = kind_named(kind)
    with open_hub(read_settings()) as hub:
        hub.folder.connection(system)
        refusal = hub.exchange.decide(system, Decision(chosen, id_, field, take, "desk", role, reason))
    if refusal is not None:
        raise refused(refusal, as_json=as_json)
    line = f"{field} of {kind} {id_}: {'the hub' if take == 'hub' else system} is right."
    tell({"kind": kind, "id": id_, "field": field, "right": take}, [line], as_json=as_json)


def explain(
    kind: Annotated[str, typer.Argument(help="patient, visit, provider, location, resource or service.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="The hub's id of the record, or SYSTEM/ID.")],
    *,
    personal: Personal = False,
    as_json: AsJson = False,
) -> None:
    """Say where every value of a record comes from: which system's record, by which rule, since when."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    chosen = kind_named(kind)
    with open_hub(read_settings()) as hub:
        found = hub.exchange.explain(chosen, id_, actor="desk", personal=personal)
    if as_json:
        fields = [_field(one, personal=personal) for one in found.fields]
        typer.echo(json.dumps({"kind": kind, "id": found.id, "fields": fields}))
        return
    typer.echo(f"{kind} {found.id}")
    for one in found.fields:
        typer.echo(_line(one, personal=personal))


def _field(one: "ExplainedField", *, personal: bool) -> dict[str, Any]:
    return {
        "field": one.field,
        "value": _value(one, personal=personal),
        "system": one.system,
        "source_id": one.source_id,
        "source_record_id": one.source_record_id,
        "rule": one.rule,
        "at": one.at.isoformat(),
        "conflicts": list(one.conflicts),
        "file": one.file,
        "line": one.line,
        "batch": one.batch,
    }


def _line(one: "ExplainedField", *, personal: bool) -> str:
    record = f" {one.source_id}" if one.source_id else ""
    where = f"{one.system}{record}" + (f" #{one.source_record_id}" if one.source_record_id else "")
    where += f" {one.file}:{one.line}" if one.file else ""
    where += f" batch {one.batch}" if one.batch is not None else ""
    otherwise = f"  otherwise: {', '.join(one.conflicts)}" if one.conflicts else ""
    shown = json.dumps(_value(one, personal=personal))
    return f"{one.field:18} {shown:28} {where}  {one.rule}  {one.at.isoformat(timespec='seconds')}{otherwise}"


def _value(one: "ExplainedField", *, personal: bool) -> Any:
    """The value, or that there is one."""
    return "***" if one.is_personal and one.value is not None and not personal else one.value


def kind_named(text: str) -> Any:
    """The kind of that name.

    Raises:
        InvalidInput: the hub has no canonical records of it.
    """
    from hub.canonical.ids import Kind
    from hub.canonical.records import MODELS
    from hub.errors import InvalidInput, Problem

    if text not in MODELS:
        raise InvalidInput(Problem(f"there is no kind {text!r}", field="KIND", hint=f"One of: {', '.join(MODELS)}"))
    return Kind(text)
