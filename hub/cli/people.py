"""`hub people match|review|merges|unmerge|paid-ahead`: which patients are one person, and what they paid ahead."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.answers import AsJson, refused, tell
from hub.cli.paid_ahead import paid_ahead
from hub.cli.progress import steps_bar

if TYPE_CHECKING:
    from hub.operations.review_people import Shown
    from hub.ports.people import PersonPair

app = typer.Typer(no_args_is_help=True, help="Which patients are one person, and what each has paid ahead.")
app.command(name="paid-ahead")(paid_ahead)
Pair = Annotated[int | None, typer.Argument(help="A pair of the queue; default: list them.")]
Why = Annotated[str | None, typer.Option(help="Why; nothing personal.")]
By = Annotated[str, typer.Option(help="Who decides.")]
Personal = Annotated[bool, typer.Option("--show-personal", help="Show the values; that is audited.")]


@app.command()
def match(*, as_json: AsJson = False) -> None:
    """Compare all patients with each other: merge whom the rules are sure of, queue whom a person must decide."""
    from hub.bootstrap import open_hub
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        with steps_bar(quiet=as_json) as step:
            done = hub.match_people(step)
        answer = {"people": done.people, "merged": len(done.decided.merges), "new_reviews": done.new_reviews}
        lines = [f"{done.people} looked at: {answer['merged']} merged, {done.new_reviews} more for `hub people review`"]
        tell(answer, lines, as_json=as_json)


@app.command()
def review(
    *,
    pair: Pair = None,
    decide: Annotated[Literal["merge", "separate"] | None, typer.Option(help="What they are.")] = None,
    reason: Why = None,
    by: By = "desk",
    show_personal: Personal = False,
    limit: Annotated[int, typer.Option(min=1, help="How many to list.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List who may be one person, show two side by side, or decide what they are."""
    from hub.bootstrap import open_hub
    from hub.operations.merge_people import decide_pair
    from hub.operations.review_people import find_open_pairs, show_pair
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        if pair is None:
            waiting, count = find_open_pairs(hub.store, limit)
            lines = [*map(_line, waiting), f"{count} pairs wait"]
            tell({"waiting": count, "pairs": [_told(one) for one in waiting]}, lines, as_json=as_json)
            return
        if decide is not None:
            decided = decide_pair(hub.store, pair, decide, hub.word_on_people(by, reason))
            if isinstance(decided, Refusal):
                raise refused(decided, as_json=as_json)
            tell(_told(decided), [f"{decided.state} {decided.match.first} {decided.match.second}"], as_json=as_json)
            return
        shown = show_pair(hub.store, pair, actor=by, personal=show_personal)
        if isinstance(shown, Refusal):
            raise refused(shown, as_json=as_json)
        tell(*_side_by_side(shown), as_json=as_json)


@app.command()
def merges(
    patient: Annotated[str, typer.Argument(help="A patient's id in the hub.")], *, as_json: AsJson = False
) -> None:
    """List the merges of a patient that stand."""
    from hub.bootstrap import open_hub
    from hub.operations.review_people import find_merges
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        found = find_merges(hub.store, patient)
        told = [{"id": one.id, "survivor": one.survivor_id, "merged": one.merged_id, "rule": one.rule} for one in found]
        lines = [f"{one['id']} {one['merged']} into {one['survivor']} ({one['rule']})" for one in told]
        tell({"merges": told}, lines or ["none"], as_json=as_json)


@app.command()
def unmerge(
    merge: Annotated[int, typer.Argument(help="A merge's number (`hub people merges`).")],
    *,
    reason: Why = None,
    by: By = "desk",
    as_json: AsJson = False,
) -> None:
    """Take a merge back; what was made for the survivor since stays there."""
    from hub.bootstrap import open_hub
    from hub.operations.merge_people import Standing, unmerge_people
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        done = unmerge_people(hub.store, merge, hub.word_on_people(by, reason))
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        if isinstance(done, Standing):
            waits = {"depends": list(done.dependants)}
            lines = [f"depends on it: {one}" for one in done.dependants]
            raise refused(Refusal(("merge_in_use",)), as_json=as_json, more=(waits, lines))
        answer = {"restored": done.restored_id, "survivor": done.survivor_id}
        answer_more: dict[str, Any] = {**answer, "visits": list(done.visits), "kept": list(done.kept)}
        lines = [f"restored {done.restored_id}, with {len(done.visits)} visits"]
        lines += [f"stays as it is now: {', '.join(done.kept)}"] if done.kept else []
        tell(answer_more, lines, as_json=as_json)


def _told(pair: "PersonPair") -> dict[str, Any]:
    match = pair.match
    evidence = {"rule": match.rule, "codes": list(match.codes), "score": match.score}
    return {"id": pair.id, "first": match.first, "second": match.second, "state": pair.state, **evidence}


def _line(pair: "PersonPair") -> str:
    score = f" {pair.match.score:.4f}" if pair.match.score is not None else ""
    return f"{pair.id} {pair.match.rule}{score}: {', '.join(pair.match.codes)}"


def _side_by_side(shown: "Shown") -> tuple[dict[str, Any], list[str]]:
    told = [{"field": one.field, "first": one.first, "second": one.second, "agrees": one.agrees} for one in shown.lines]
    lines = [f"{one.field:18} {one.first:32} {one.second:32} {one.agrees}".rstrip() for one in shown.lines]
    return {**_told(shown.pair), "fields": told}, [_line(shown.pair), *lines]
