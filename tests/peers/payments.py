"""A payment processor over real HTTP, and a client of its own words: what the hub's port is tried on."""

import json
from dataclasses import dataclass, field
from typing import Any

from hub.connectors.kit.http import HttpClient, Limits
from hub.errors import HubError, RecordRejected, only_reasons
from hub.ports import Absent, Authorised, Captured, PaymentRequest, Refused, Unknown, Voided
from tests.peers.scripted import Asked, answer
from tests.peers.vendor import Mood


@dataclass
class PaymentServer:
    """Keeps a payment a key, records what moved, and never moves anything of one key twice."""

    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    moved: list[tuple[str, str]] = field(default_factory=list)
    """(what, key) for each thing that really happened."""
    moods: dict[str, Mood] = field(default_factory=dict)
    """By verb: authorise, look, capture, void; default yes."""

    def script(self, asked: Asked) -> bytes:
        _, _, key, verb = asked.target.split("/")
        mood = self.moods.get(verb, "yes")
        if mood == "down":
            return answer({}, 503)
        if mood == "no":
            return answer({"code": "card_declined"}, 422)
        body = self._done(verb, key, json.loads(asked.body or b"{}"))
        if mood == "lost":
            return b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"
        return answer(body, content_type="application/json")

    def states(self) -> list[str]:
        return [one["state"] for one in self.payments.values()]

    def _done(self, verb: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
        held = self.payments.get(key)
        if verb == "look":
            return held or {"state": "absent"}
        if verb == "authorise" and held is None:
            held = self._move(key, "authorised", {"amount": body["amount_minor"], "currency": body["currency"]})
        elif verb == "capture" and held and held["state"] == "authorised":
            held = self._move(key, "captured", held)
        elif verb == "void" and (held is None or held["state"] == "authorised"):
            held = self._move(key, "voided", held or {})
        return held or {"state": "absent"}

    def _move(self, key: str, state: str, held: dict[str, Any]) -> dict[str, Any]:
        self.moved.append((state, key))
        self.payments[key] = {**held, "state": state, "reference": f"ref-{len(self.payments)}"}
        return self.payments[key]


class HttpPayments:
    """`hub.ports.Payments` in the words of the server above."""

    def __init__(self, url: str) -> None:
        self._http = HttpClient(url, limits=Limits(read_seconds=300, whole_seconds=300, attempts=1))

    def close(self) -> None:
        self._http.close()

    def authorise(self, request: PaymentRequest) -> Authorised | Refused | Unknown:
        amount = {"amount_minor": request.amount.amount_minor, "currency": request.amount.currency}
        outcome = self._ask(request.key, "authorise", amount | {"method": request.method})
        return outcome if isinstance(outcome, Authorised | Refused | Unknown) else Refused("over")

    def look(self, key: str) -> Authorised | Captured | Voided | Refused | Absent | Unknown:
        return self._ask(key, "look", {})

    def capture(self, key: str) -> Captured | Refused | Unknown:
        outcome = self._ask(key, "capture", {})
        return outcome if isinstance(outcome, Captured | Refused | Unknown) else Refused("not_reserved")

    def void(self, key: str) -> Voided | Refused | Unknown:
        outcome = self._ask(key, "void", {})
        return outcome if isinstance(outcome, Voided | Refused | Unknown) else Refused("taken")

    def _ask(
        self, key: str, verb: str, body: dict[str, Any]
    ) -> Authorised | Captured | Voided | Refused | Absent | Unknown:
        try:
            said = self._http.request("POST", f"payments/{key}/{verb}", payload=body).body
        except RecordRejected:
            return Refused("card_declined")
        except HubError as error:
            return Unknown(only_reasons(error.problems)[0])
        made = {"authorised": Authorised, "captured": Captured}
        if said["state"] in made:
            return made[said["state"]](said["reference"])
        return Voided() if said["state"] == "voided" else Absent()
