"""The life of a visit around check-in, against a table of what may follow what."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import play
from hub.scheduling.scenario.player import Player

SCENARIO = """
zone: UTC
now: 2026-03-02T10:00
resources: [{id: dana, kind: provider}]
consents: [{id: form, versions: [{version: "1"}]}]
services:
  - {id: free, steps: [{name: talk, minutes: 60, needs: [{kind: provider}]}]}
  - {id: laser, consents: [form], steps: [{name: laser, minutes: 60, needs: [{kind: provider}]}]}
patients: [{id: ann}]
visits:
"""
ACTIONS = {
    "check_in": {"visit": "v"},
    "sign": {"patient": "ann", "consent": "form"},
    "withdraw": {"patient": "ann", "consent": "form"},
    "complete": {"visit": "v"},
    "no_show": {"visit": "v"},
    "cancel": {"visit": "v"},
    "late": {"visit": "v", "minutes": 1},
    "over": {"visit": "v", "minutes": 1},
    "move": {"visit": "v", "arrives": "2026-03-02T10:00"},
    "clearances": {"visit": "v"},
}
ENDS = {"complete": "completed", "no_show": "no_show", "cancel": "cancelled"}


class Table:
    """What the rules say, without the code that plays them."""

    def __init__(self, *, needs_form: bool) -> None:
        self.state, self.signed, self.needs_form, self.is_late = "booked", False, needs_form, False

    def expect(self, kind: str) -> str | None:
        """The code that refuses the action; None: it is done."""
        if kind == "sign":
            self.signed = True
            return None
        if kind == "withdraw":
            was, self.signed = self.signed, False
            return None if was else "not_signed"
        if self.state not in ("booked", "arrived"):
            return "not_booked"
        return self._of_visit(kind)

    def _of_visit(self, kind: str) -> str | None:
        here = self.state == "arrived"
        if here and kind in ("check_in", "no_show", "late", "move"):
            return "already_arrived"
        if kind == "check_in" and self.needs_form and not self.signed:
            return "missing_consent"
        if self.is_late and kind in ("complete", "no_show", "over"):
            return "not_begun"
        if kind == "complete" and self.needs_form and not here:
            return "not_arrived"
        if kind in ("late", "move"):
            self.is_late = kind == "late"
        self.state = "arrived" if kind == "check_in" else ENDS.get(kind, self.state)
        return None


@given(st.booleans(), st.lists(st.sampled_from(sorted(ACTIONS)), max_size=12))
@settings(max_examples=200)
def test_a_visit_goes_from_booked_to_arrived_to_its_end_and_nowhere_else(needs_form, kinds):
    service = "laser" if needs_form else "free"
    visit = f"  - {{id: v, patient: ann, service: {service}, arrives: 2026-03-02T10:00, with: {{provider: dana}}}}\n"
    player, table = Player(read_scenario(SCENARIO + visit, "s.yaml")[0]), Table(needs_form=needs_form)
    for kind in kinds:
        outcome = play(player, ActionEntry.model_validate({kind: ACTIONS[kind]}))
        expected = table.expect(kind)
        assert outcome.get("refused") == ([expected] if expected else None), (kind, kinds)
        assert player.book.entries["v"].state == table.state
        if kind == "clearances" and not expected:
            assert bool(outcome["missing"]) == (needs_form and not table.signed)
