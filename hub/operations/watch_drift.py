"""Hold a stream's records to its contract before they are taken: drift is noted, kept back, or stops the stream.

What is learned and what a person is told are kept together, before the page is: a page that is read again has drifted
no more than it had.
"""

from dataclasses import dataclass, field, replace

from hub.canonical.ids import Kind
from hub.errors import Problem, SafetyStop
from hub.mapping.apply import TwoWay, view
from hub.operations.linked_system import LinkedSystem
from hub.ports import Issue, Page, Rejected, Store, UnitOfWork
from hub.sync.drift import Contract, Drift, DriftRules, Reaction, What, find_drifts, gravest

DRIFT = "schema_drift"
"""The kind of issue, one open one a stream: what has drifted."""


@dataclass(slots=True)
class Watched:
    """What a page's records are by their contract."""

    contract: Contract
    """As it is known after them."""
    kept: list[int] = field(default_factory=list)
    held: dict[int, list[Drift]] = field(default_factory=dict)
    """By their number on the page."""
    stops: list[Drift] = field(default_factory=list)
    told: dict[Drift, None] = field(default_factory=dict)

    def page(self, page: Page, system: LinkedSystem, kind: Kind) -> Page:
        """With the records that wait for a person's word among the rejected ones.

        Raises:
            SafetyStop: the stream is to stop.
        """
        if self.stops:
            raise SafetyStop(_problem(system, kind, self.stops))
        rejected = [Rejected(page.records[n], (_problem(system, kind, drifts),)) for n, drifts in self.held.items()]
        return replace(page, records=tuple(page.records[n] for n in self.kept), rejected=(*page.rejected, *rejected))


def watch_drift(system: LinkedSystem, kind: Kind, page: Page, store: Store) -> Page:
    """The page, with the records that wait for a person's word among the rejected ones.

    Raises:
        SafetyStop: the stream is to stop; an issue says why, and nothing of the page was applied.
    """
    rules = system.drift.get(kind)
    if rules is None or not page.records:
        return page
    with store.begin("watch_drift") as uow:
        known = uow.cursors.find_contract(system.name, kind) or Contract()
        watched = judge_page(page, rules, known, system.mapping(kind))
        if watched.contract != known:
            uow.cursors.save_contract(system.name, kind, watched.contract)
        if watched.told:
            _tell(system, kind, list(watched.told), uow)
    return watched.page(page, system, kind)


def find_drifted(system: LinkedSystem, kind: Kind, uow: UnitOfWork) -> list[Issue]:
    """The stream's open issue, if it has one."""
    return [one for one in uow.issues.find_open(DRIFT) if (one.subject_kind, one.subject_id) == (kind, system.name)]


def read_drifts(issue: Issue) -> list[Drift]:
    """What an issue says has drifted."""
    return [Drift(What(one["what"]), one["path"], one["found"]) for one in issue.detail["drifted"]]


def judge_page(page: Page, rules: DriftRules, contract: Contract, mapping: TwoWay) -> Watched:
    """Each record by the contract as those before it left it."""
    judged = Watched(contract)
    for number, record in enumerate(page.records):
        drifts = [] if record.is_end else find_drifts(judged.contract, rules, view(mapping, record))
        if judged.contract.records < rules.learn and not record.is_end:
            drifts, learned = _declared(drifts, rules), drifts
            taught = [one for one in learned if one not in drifts]
            judged.contract = judged.contract.learn(taught, records=1)
        reaction = gravest(drifts, rules)
        noted = [one for one in drifts if rules.reactions[one.what] is Reaction.NOTE]
        judged.contract = judged.contract.learn(noted) if noted else judged.contract
        judged.told |= dict.fromkeys(drifts)
        if reaction is Reaction.STOP:
            judged.stops += [one for one in drifts if rules.reactions[one.what] is Reaction.STOP]
        if reaction is Reaction.QUARANTINE:
            judged.held[number] = drifts
        else:
            judged.kept.append(number)
    return judged


def _declared(drifts: list[Drift], rules: DriftRules) -> list[Drift]:
    """Those that are not to be learned: somebody declared what stands there."""
    return [
        one
        for one in drifts
        if (one.path in rules.types and one.what is What.CHANGED_TYPE)
        or (rules.codes.get(one.path) and one.what is What.NEW_CODE)
    ]


def _tell(system: LinkedSystem, kind: Kind, drifts: list[Drift], uow: UnitOfWork) -> None:
    known = [drift for issue in find_drifted(system, kind, uow) for drift in read_drifts(issue)]
    whole = list(dict.fromkeys([*known, *drifts]))
    if whole == known:
        return
    codes = tuple(sorted({str(one.what) for one in whole}))
    detail = [{"what": str(one.what), "path": one.path, "found": one.found} for one in whole]
    uow.issues.open([Issue(DRIFT, kind, system.name, codes, {"system": system.name, "drifted": detail})])


def _problem(system: LinkedSystem, kind: Kind, drifts: list[Drift]) -> Problem:
    said = ", ".join(str(one) for one in dict.fromkeys(drifts))
    hint = f"Look there; if it is right: hub drift accept {system.name} {kind} --role ROLE --reason WHY"
    return Problem(f"the {kind} records of {system.name} are not what they were: {said}", DRIFT, hint=hint)
