"""Random scripts: a small practice and what is done in it, action by action, as one comes of the other."""

from datetime import datetime, timedelta
from random import Random

KINDS = ("hold", "book", "book", "book", "turn", "move", "cancel", "clock", "clock", "arrive", "arrive")
KINDS += ("away", "again")
WAITING = ("waitlist", "offers", "cancel", "turn", "waitlist", "offers", "cancel", "turn")


class Script:
    """A small practice and what is done in it, from a seed."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.zone, day = self.random.choice(
            [("America/Chicago", "2026-03-06"), ("America/Chicago", "2026-10-31"), ("Europe/London", "2026-05-04")]
        )
        self.start = datetime.fromisoformat(day)
        self.now = self.start + timedelta(hours=8)
        self.here = None
        self.waits = self.random.random() < 0.5
        self.ends = 11 if self.waits else 13  # whoever waits does so for a crowded morning
        self.days = 1 if self.waits else 3
        self.made, self.over, self.holds, self.trips, self.arrivals = [], ["nothing"], ["nothing"], set(), {}

    def chance(self, share):
        return self.random.random() < share

    def date(self, low, high):
        return (self.start + timedelta(days=self.random.randint(low, high))).date().isoformat()

    def document(self):
        kinds = [("provider", 1 if self.waits else 2), ("room", 1 if self.waits else 2)]
        resources = [{"id": f"{kind}-{n}", "kind": kind} for kind, most in kinds for n in range(most)]
        if not self.waits:
            resources[-1]["capacity"] = self.random.choice((1, 2))
        packages = [("pk", "ann", "peel"), ("pl", "bob", "laser")]
        return {
            "zone": self.zone,
            "now": self.text(self.now),
            "grid_minutes": 30,
            "locations": [{"id": "main", "hours": [{"days": "mon-sun", "from": "08:30", "to": f"{self.ends}:30"}]}],
            "resources": resources,
            "products": [
                {"id": "gel", "unit": "u"},
                {"id": "ice", "unit": "u", "strict_days": self.random.randint(0, 3)},
            ],
            "stock": [
                {"product": product, "lot": lot, "on_hand": self.random.randint(2, 6), "expires": self.date(0, 4)}
                for product in ("gel", "ice")
                for lot in ("B", "A")
            ],
            "services": [self.service("peel"), self.service("laser"), self.service("talk")],
            "patients": [{"id": "ann"}, {"id": "bob", "known": False}, {"id": "cat"}],
            "packages": [
                {"id": i, "patient": p, "service": s, "credits": self.random.randint(0, 2), "expires": self.date(0, 4)}
                for i, p, s in packages
            ],
            "policy": self.policy(),
        }

    def service(self, name):
        needs = [{"kind": "room"}, {"kind": "provider"}]
        steps = [
            {"name": "a", "minutes": self.random.choice((30, 60)), "needs": self.random.choice((needs, needs[1:]))}
        ]
        if self.chance(0.4):
            steps.insert(0, {"name": "set", "minutes": 30, "patient": False, "needs": needs[:1]})
        if self.chance(0.4):
            steps.append({"name": "clean", "minutes": 15, "patient": False, "needs": needs[:1]})
        entry = {"id": name, "tags": [self.random.choice(("x", "y"))], "steps": steps}
        entry["price"] = {"amount_minor": self.random.choice((10001, 20000, 333)), "currency": "USD"}
        if self.chance(0.4):
            entry["uses"] = [{"product": self.random.choice(("gel", "ice")), "quantity": self.random.choice((1, 2))}]
        if self.chance(0.15):
            entry["spacing"] = [
                {"after": self.random.choice(("x", "y", "talk")), "min_days": self.random.randint(1, 2)}
            ]
        if self.chance(0.1):
            entry["requires"] = [{"before": "talk", "min_days": 0, "max_days": self.random.randint(0, 3)}]
        if self.chance(0.15):
            entry["series"] = {"sessions": 2, "min_days": 1}
        entry["options"] = [{"id": "big", "price": {"amount_minor": 30005, "currency": "USD"}, "minutes": {"a": 45}}]
        return entry

    def policy(self):
        deposit = self.random.choice(
            [
                {"share": 0.5, "at_least": 200, "at_most": 9000},
                {"share": 0.333},
                {"flat": 5000},
                {"tiers": [{"from_minor": 1000, "flat": 1500}, {"from_minor": 20000, "flat": 4000}]},
            ]
        )
        windows = [{"within_hours": hours, "fee_share": self.random.choice((0.25, 0.5, 1))} for hours in (24, 48, 2)]
        shows = [{"no_show": True, "fee_share": 0.75}] if self.chance(0.5) else []
        return {
            "deposit": deposit,
            "cancellation": [*windows, *shows],
            "hold_minutes": self.random.choice((10, 60)),
            "offer_minutes": self.random.choice((30, 60)),
            "overrides": {"owner": ["too_soon", "no_stock", "closed"], "desk": ["in_the_past", "patient_busy"]},
            "self_booking": {"lead_minutes": 60, "horizon_days": 2, "known_only": self.chance(0.5)},
        }

    def text(self, wall):
        return wall.isoformat(timespec="minutes")

    def arrival(self):
        day = self.start + timedelta(days=self.random.randint(0, self.days), hours=9)
        minutes = self.random.choice((0, 0, 30, 30, 60, 75) if self.waits else (0, 30, 60, 75, 90, 120, 150))
        return self.text(day + timedelta(minutes=minutes))

    def trip(self):
        patient = self.random.choice(("ann", "bob", "cat"))
        services = ("peel", "laser", "talk")
        if self.chance(0.25):
            parts = [{"service": self.random.choice(services)} for _ in range(2)]
            if self.chance(0.5):
                others = self.random.sample(("ann", "bob", "cat"), 2)
                parts = [part | {"patient": who} for part, who in zip(parts, others, strict=True)]
                return {"parts": parts, "together": True}
            return {"parts": [part | {"patient": patient} for part in parts]}
        trip = {"service": self.random.choice(services), "patient": patient}
        if self.chance(0.2):
            trip["option"] = "big"
        package = {"ann": ("pk", "peel"), "bob": ("pl", "laser")}.get(patient)
        if package and self.chance(0.5):
            trip |= {"package": package[0], "service": package[1] if self.chance(0.8) else trip["service"]}
        return trip

    def told(self, kind, asked, succeeded):
        """What came of an action: visits are moved, called off and completed when there are some."""
        if kind == "book" and succeeded:
            self.made.append(asked["as"])
            self.arrivals[asked["as"]] = asked.get("arrives")
            if "parts" in asked:
                self.trips.add(asked["as"])
        if kind in ("hold", "waitlist") and succeeded:
            self.holds.append(asked["as"])
        if kind in ("cancel", "no_show", "complete") and succeeded and "." not in asked["visit"]:
            self.made = [name for name in self.made if name != asked["visit"]]
            self.over.append(asked["visit"])

    def action(self, number):
        kind = self.random.choice(KINDS + WAITING * self.waits)
        if kind in ("move", "cancel", "arrive") and not self.made and self.chance(0.9):
            kind = "book"
        return getattr(self, kind)(number)

    def arrive(self, number):
        """It is time for somebody, and the next action may say what came of it."""
        if self.here in self.made:
            return self.end(number)
        self.here = self.random.choice(self.made or self.over)
        arrives = self.arrivals.get(self.here)
        self.now = max(self.now, datetime.fromisoformat(arrives)) if arrives and self.chance(0.9) else self.now
        return {"clock": self.text(self.now)}

    def hold(self, number):
        return {"hold": self.trip() | {"arrives": self.arrival(), "as": f"h{number}"}}

    def book(self, number):
        asked = self.trip() | {"arrives": self.arrival(), "as": f"b{number}"}
        if self.chance(0.2):
            asked["channel"] = "web"
        if self.chance(0.2):
            asked |= {"override": ["too_soon", "no_stock"], "role": self.random.choice(("owner", "desk"))}
            asked |= {"reason": "asked to"} if self.chance(0.8) else {}
        if self.chance(0.3):
            asked["key"] = self.random.choice(("k", f"k{number}"))
        self.last = asked
        return {"book": asked}

    def again(self, number):
        """The last booking once more: with its key it is the same visit, without it a second one."""
        asked = getattr(self, "last", None)
        return {"book": asked | {"as": f"a{number}"}} if asked else self.book(number)

    def turn(self, number):
        hold = self.random.choice(self.holds[-3:])
        return {"book": {"hold": hold, "as": f"t{number}"} | ({"key": f"k{number}"} if self.chance(0.3) else {})}

    def visit(self, whole=False):
        name = self.random.choice(self.made if self.made and self.chance(0.9) else self.over)
        return f"{name}.{self.random.choice((1, 2))}" if name in self.trips and not whole and self.chance(0.5) else name

    def move(self, _number):
        asked = {"visit": self.visit(whole=True), "arrives": self.arrival()}
        if self.chance(0.2):
            asked["channel"] = "web"
        return {"move": asked}

    def cancel(self, _number):
        return {"cancel": {"visit": self.visit()} | ({"by": "practice"} if self.chance(0.2) else {})}

    def end(self, _number):
        if self.chance(0.4):
            return {"no_show": {"visit": self.here}}
        used = [{"product": "gel", "quantity": 1}, {"product": "gel", "quantity": self.random.randint(0, 2)}]
        return {"complete": {"visit": self.here, **({"used": used} if not self.trips and self.chance(0.3) else {})}}

    def clock(self, _number):
        self.now += timedelta(minutes=self.random.choice((5, 10, 29, 30, 60, 90, 240, 1440)))
        return {"clock": self.text(self.now)}

    def away(self, _number):
        day = self.start + timedelta(days=self.random.randint(0, self.days), hours=self.random.randint(9, 11))
        who = self.random.choice(("provider-0", "room-0"))
        return {"away": {"resource": who, "from": self.text(day), "to": self.text(day + timedelta(minutes=45))}}

    def waitlist(self, number):
        first, last = sorted((self.date(0, self.days), self.date(0, self.days)))
        return {"waitlist": self.trip() | {"from": first, "until": last, "as": f"w{number}"}}

    def offers(self, _number):
        return {"offers": {}}
