"""What pages would do, without writing anything: the plans of `plan_page`, one upon the other."""

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.operations.linked_system import LinkedSystem
from hub.operations.page_plan import Known, PagePlan
from hub.operations.plan_page import PagePlanner
from hub.ports import Landed, Page, Store
from hub.sync.mass_change import Upheaval


class Rehearsal:
    """Plans page after page as if those before were applied; it only reads."""

    def __init__(self, system: LinkedSystem, kind: Kind, store: Store, known: Known | None = None) -> None:
        self._system = system
        self._kind = kind
        self._store = store
        self._known = known or Known()
        self.seen: dict[str, SourceRecord] = {}
        """Canonical id → what the pages say of it."""
        self._unlanded = 0
        self._changed: set[str] = set()
        self._gone: set[str] = set()

    @property
    def known(self) -> Known:
        """What would stand once all pages were applied."""
        return self._known

    @property
    def upheaval(self) -> Upheaval:
        """What becomes of known records; how many are linked is for the caller to add."""
        return Upheaval(0, len(self._changed - self._gone), len(self._gone))

    def add(self, page: Page) -> PagePlan:
        """The next page's plan."""
        records = (*page.records, *(rejected.record for rejected in page.rejected))
        with self._store.begin("rehearse") as uow:
            landed = [self._landed(number) for number in uow.landing.find(records)]
            plan = PagePlanner(self._system, self._kind, uow, self._known).plan(page, landed)
        self._known.links |= plan.links
        said = {record.ref: record for record in records}
        self.seen |= {link.canonical_id: said[ref] for ref, link in plan.links.items() if ref in said}
        self._changed |= set(plan.updated)
        self._gone |= {*plan.gone, *plan.partly_gone} | {before for before, _ in plan.merged.values()}
        return plan

    def _landed(self, number: int | None) -> Landed:
        """What has not landed has a number below zero for the time being."""
        if number is not None:
            return Landed(number, is_new=False)
        self._unlanded -= 1
        return Landed(self._unlanded, is_new=True)
