"""A second opinion on a book over time: holds, moves, fees, credits, stock and the waitlist, from the page alone.

It keeps a plain list of what was booked and judges each request with the minute-by-minute oracle on a file that lists
all of it as facts. It imports nothing of the engine. Who serves a visit is the engine's choice: it is told whom, and
checks that they can.
"""

import math
from datetime import date
from fractions import Fraction

from tests.properties.scheduling.oracle import Judged, World, leaving_of, local, openings, printed, wall

OVERRIDABLE = {"closed", "in_the_past", "no_stock", "too_soon", "too_late", "missing_prerequisite"}
TIMED = ("hold", "booked", "completed")


class Life:
    """One scenario file while its actions are played. One location."""

    def __init__(self, doc, chosen):
        self.doc = doc
        self.zone = doc["zone"]
        self.policy = doc.get("policy", {})
        self.now = wall(self.zone, doc["now"])
        self.chosen = chosen
        """(name, number of the part) → whom the engine took."""
        self.lots = [dict(lot) for lot in doc["stock"]]
        self.absent = {resource["id"]: list(resource.get("away", [])) for resource in doc["resources"]}
        self.visits = []
        self.names = {}
        self.keys = {}
        self.waiting = []

    def play(self, kind, asked):
        """What must come out of an action: {"refused": codes} or the keys that the format gives."""
        before = self.file()
        outcome = getattr(self, kind)(asked)
        if kind in ("cancel", "move") and "refused" not in outcome:
            self.serve(before)
        self.waiting = [w for w in self.waiting if not w["offer"] or w["offer"][0]["state"] == "hold"]
        return outcome

    # What stands in the book

    def file(self, without=()):
        """The scenario as it would be listed now, with all that takes time or promises as facts."""
        facts = [
            {
                "id": str(number),
                "patient": visit["part"]["patient"],
                "service": visit["part"]["service"],
                "arrives": printed(self.zone, visit["arrival"]),
                "with": visit["with"],
                "state": "completed" if visit["state"] == "completed" else "booked",
                **({"option": visit["part"]["option"]} if "option" in visit["part"] else {}),
            }
            for number, visit in enumerate(self.visits)
            if visit["state"] in TIMED and visit not in without
        ]
        packages = [package | {"credits": self.left(package, without)} for package in self.doc.get("packages", [])]
        return self.doc | {
            "now": printed(self.zone, self.now),
            "visits": facts,
            "stock": [dict(lot) for lot in self.lots],
            "packages": packages,
            "resources": [entry | {"away": self.absent[entry["id"]]} for entry in self.doc["resources"]],
        }

    def left(self, package, without):
        used = [v for v in self.visits if v["part"].get("package") == package["id"] and v not in without]
        return package["credits"] - sum(v["state"] in TIMED or v["is_lost"] for v in used)

    def most(self, product):
        """The most that a visit arriving today could still promise."""
        judged = Judged(World(self.file()), {"service": self.doc["services"][0]["id"]}, self.now)
        most = 0
        while judged.has_product(product, [(judged.today, most + 1)]):
            most += 1
        return most

    def named(self, name):
        """The visits a name stands for, those that are over too."""
        base, _, number = name.partition(".")
        its = self.names.get(base, [])
        return its[int(number) - 1 : int(number)] if number else its

    def booked(self, name):
        return [visit for visit in self.named(name) if visit["state"] == "booked"]

    # Booking

    def hold(self, asked):
        return self.take(asked, "hold", self.now + self.policy.get("hold_minutes", 10))

    def book(self, asked):
        request = {key: value for key, value in asked.items() if key not in ("as", "key")}
        if "key" in asked and asked["key"] in self.keys:
            same, outcome, visits = self.keys[asked["key"]]
            if same != request:
                return {"refused": ["key_reused"]}
            self.name(asked, visits)
            return outcome
        outcome = self.turn(asked) if "hold" in asked else self.take(asked, "booked", None)
        if "key" in asked and "refused" not in outcome:
            self.keys[asked["key"]] = request, outcome, self.last
        return outcome

    def turn(self, asked):
        visits = self.names.get(asked["hold"], [])
        if not visits or any(visit["state"] != "hold" for visit in visits):
            return {"refused": ["hold_expired"]}
        for visit in visits:
            visit["state"], visit["until"] = "booked", None
        self.name(asked, visits)
        self.last = visits
        return self.told(visits)

    def take(self, asked, state, until):
        if "override" in asked and asked.get("channel", "desk") == "desk" and not asked.get("reason"):
            return {"refused": ["reason_missing"]}
        arrival = wall(self.zone, asked["arrives"])
        judged = Judged(World(self.file()), asked, arrival)
        reasons = judged.reasons() - self.passed(asked)
        if reasons:
            return {"refused": sorted(reasons)}
        visits = self.placed(judged, asked.get("as"))
        for visit in visits:
            visit |= {"state": state, "until": until, "deposit": self.deposit(visit["part"])}
        self.visits += visits
        self.name(asked, visits)
        self.last = visits
        return self.told(visits)

    def passed(self, asked):
        allowed = self.policy.get("overrides", {}).get(asked.get("role"), [])
        desk = asked.get("channel", "desk") == "desk"
        return set(asked.get("override", [])) & set(allowed) & OVERRIDABLE if desk else set()

    def placed(self, judged, name):
        """The parts as visits, with whom the engine took; they must work together."""
        case = next(
            case
            for case in judged.cases()
            if not name or all(one[1] in (None, self.chosen(name, i).get("provider")) for i, one in enumerate(case))
        )
        taken = {}
        for (number, need), who in judged.names(case).items():
            free = [one for one in who if judged.free(case, (number, need), one)]
            taken[number, need] = self.chosen(name, number)[need] if name else free[0]
            assert taken[number, need] in free, f"{taken[number, need]} is not free, or does not qualify"
        assert judged.holds(case, taken), f"{taken} do not work together"
        return [
            {
                "part": part,
                "arrival": arrival,
                "leaving": leaving_of(case[number]),
                "with": {name: who for (at, name), who in taken.items() if at == number},
                "together": bool(judged.action.get("together")),
                "fee_from": None,
                "is_lost": False,
            }
            for number, (part, _, arrival, _) in enumerate(case)
        ]

    def name(self, asked, visits):
        if "as" in asked:
            self.names[asked["as"]] = visits

    def told(self, visits):
        return {
            "arrives": printed(self.zone, visits[0]["arrival"]),
            "deposit": sum(visit["deposit"] for visit in visits),
        }

    def price(self, part):
        service = next(entry for entry in self.doc["services"] if entry["id"] == part["service"])
        option = next((o for o in service.get("options", []) if o["id"] == part.get("option")), {})
        return option.get("price", service.get("price", {"amount_minor": 0}))["amount_minor"]

    def deposit(self, part):
        rule, price = self.policy.get("deposit"), self.price(part)
        if rule is None or "package" in part:
            return 0
        if "flat" in rule:
            amount = rule["flat"]
        elif "tiers" in rule:
            amount = ([0] + [tier["flat"] for tier in rule["tiers"] if tier["from_minor"] <= price])[-1]
        else:
            amount = max(share_of(price, rule["share"]), rule.get("at_least", 0))
            amount = min(amount, rule.get("at_most", amount))
        return min(amount, price)

    # What becomes of it

    def move(self, asked):
        visits = self.booked(asked["visit"])
        if not visits:
            return {"refused": ["not_booked"]}
        names = [set(visit["with"]) for visit in visits]
        parts = [
            {key: value for key, value in visit["part"].items() if key != "with"}
            | {"with": {n: who for n, who in asked.get("with", {}).items() if n in its}}
            for visit, its in zip(visits, names, strict=True)
        ]
        trip = {"parts": parts, **{key: asked[key] for key in ("channel",) if key in asked}}
        if visits[0]["together"]:
            trip["together"] = True
        judged = Judged(World(self.file(without=visits)), trip, wall(self.zone, asked["arrives"]))
        reasons = judged.reasons()
        if reasons:
            return {"refused": sorted(reasons)}
        numbers = [next(i for i, one in enumerate(self.named(asked["visit"])) if one is visit) for visit in visits]
        honest, self.chosen = self.chosen, lambda name, number, its=self.chosen: its(name, numbers[number])
        moved = self.placed(judged, asked["visit"])
        self.chosen = honest
        for visit, there in zip(visits, moved, strict=True):
            before = self.fee_arrival(visit)
            visit["fee_from"] = before if self.window(before) is not None else None
            visit |= {key: there[key] for key in ("arrival", "leaving", "with")}
        return self.told(visits)

    def fee_arrival(self, visit):
        return visit["arrival"] if visit["fee_from"] is None else visit["fee_from"]

    def window(self, arrival):
        """The share of the narrowest window that holds the time left; None: outside of all."""
        left = arrival - self.now
        holding = [
            (rule["within_hours"], rule["fee_share"])
            for rule in self.policy.get("cancellation", [])
            if "within_hours" in rule and left <= 60 * rule["within_hours"]
        ]
        return min(holding)[1] if holding else None

    def cancel(self, asked):
        visits = self.booked(asked["visit"])
        if not visits:
            return {"refused": ["not_booked"]}
        mine = asked.get("by", "patient") == "patient"
        return self.end(visits, "cancelled", [self.window(self.fee_arrival(v)) if mine else None for v in visits])

    def no_show(self, asked):
        visits = self.booked(asked["visit"])
        if not visits:
            return {"refused": ["not_booked"]}
        if any(visit["arrival"] > self.now for visit in visits):
            return {"refused": ["not_begun"]}
        rules = self.policy.get("cancellation", [])
        share = next((rule["fee_share"] for rule in rules if rule.get("no_show")), None)
        return self.end(visits, "no_show", [share] * len(visits))

    def end(self, visits, state, shares):
        total = {"fee": 0, "refund": 0, "due": 0}
        for visit, share in zip(visits, shares, strict=True):
            visit["state"] = state
            has_package = "package" in visit["part"]
            visit["is_lost"] = has_package and share is not None
            fee = 0 if share is None or has_package else share_of(self.price(visit["part"]), share)
            total["fee"] += fee
            total["refund"] += max(visit["deposit"] - fee, 0)
            total["due"] += max(fee - visit["deposit"], 0)
        return total

    def complete(self, asked):
        visits = self.booked(asked["visit"])
        if not visits:
            return {"refused": ["not_booked"]}
        if any(visit["arrival"] > self.now for visit in visits):
            return {"refused": ["not_begun"]}
        lots = [dict(lot) for lot in self.lots]
        for visit in visits:
            for use in asked.get("used", self.uses(visit["part"])):
                wanted = use["quantity"]
                for lot in sorted(lots, key=lambda lot: (lot["expires"], lot["lot"])):
                    if lot["product"] == use["product"] and lot["expires"] >= str(self.day(visit)):
                        drawn = min(wanted, lot["on_hand"])
                        lot["on_hand"], wanted = lot["on_hand"] - drawn, wanted - drawn
                if wanted:
                    return {"refused": ["no_stock"]}
        self.lots = lots
        for visit in visits:
            visit["state"] = "completed"
        return {}

    def day(self, visit) -> date:
        return local(self.zone, visit["arrival"])[0]

    def uses(self, part):
        service = next(entry for entry in self.doc["services"] if entry["id"] == part["service"])
        option = next((o for o in service.get("options", []) if o["id"] == part.get("option")), {})
        return option.get("uses", service.get("uses", []))

    def away(self, asked):
        self.absent[asked["resource"]].append({"from": asked["from"], "to": asked["to"]})
        return {}

    # Time and the waitlist

    def clock(self, to):
        until = wall(self.zone, to)
        while True:
            ends = [v["until"] for v in self.visits if v["state"] == "hold" and v["until"] <= until]
            if not ends:
                break
            self.now = min(ends)
            before = self.file()
            gone = [v for v in self.visits if v["state"] == "hold" and v["until"] == self.now]
            for visit in gone:
                visit["state"] = "gone"
            self.waiting = [w for w in self.waiting if not w["offer"] or w["offer"][0]["state"] == "hold"]
            self.serve(before)
        self.now = until
        return {}

    def waitlist(self, asked):
        self.waiting.append({"asked": asked, "offer": []})
        self.names[asked["as"]] = []
        return {}

    def offers(self, _asked):
        return {"patients": sorted({v["part"]["patient"] for w in self.waiting for v in w["offer"]})}

    def serve(self, before):
        before = before | {"now": printed(self.zone, self.now)}
        for waiter in self.waiting:
            asked = waiter["asked"]
            if waiter["offer"]:
                continue
            known = set(openings(World(before), asked))
            after = World(self.file())
            freed = next((minute for minute in openings(after, asked) if minute not in known), None)
            if freed is not None:
                waiter["offer"] = self.placed(Judged(after, asked, freed), None)
                until = self.now + self.policy.get("offer_minutes", 60)
                for visit in waiter["offer"]:
                    visit |= {"state": "hold", "until": until, "deposit": self.deposit(visit["part"])}
                self.visits += waiter["offer"]
                self.names[asked["as"]] = waiter["offer"]


def share_of(amount, share):
    """A share, rounded half up."""
    return math.floor(amount * Fraction(str(share)) + Fraction(1, 2))
