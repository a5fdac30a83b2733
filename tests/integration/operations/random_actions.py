"""Random actions on a random practice, in the words of the scenario format; every one drawn from a number."""

import json
from datetime import datetime, timedelta
from random import Random

from tests.properties.scheduling.practices import Generator

RULES = {
    "deposit": {"share": 0.5, "at_least": 1000, "at_most": 9000},
    "cancellation": [
        {"within_hours": 30, "fee_share": 0.5},
        {"within_hours": 6, "fee_share": 1.0},
        {"no_show": True, "fee_share": 1.0},
    ],
    "overrides": {"owner": ["closed", "in_the_past", "no_stock", "too_soon", "too_late", "missing_prerequisite"]},
    "hold_minutes": 30,
    "offer_minutes": 45,
    "waivers": {"owner": {"up_to_minor": 3000}},
}


class Script:
    """One practice and what is asked of it, action by action."""

    def __init__(self, seed):
        self.openings = lambda _trip: []
        """Trip → wall times at which it could be booked now."""
        self._generator = Generator(seed)
        self.document = self._generator.document()
        self.document["actions"] = []
        self.document["policy"] = self.document.get("policy", {}) | RULES
        self.document["consents"] = [{"id": "form", "versions": [{"version": "1"}], "valid_days": 3}]
        self.document["services"][0]["consents"] = ["form"]
        for number, service in enumerate(self.document["services"]):
            service["price"] = {"amount_minor": 7_777 + number, "currency": "USD"}
        for package in self.document["packages"]:
            package |= {"credits": 3, "expires": (self._generator.start + timedelta(days=9)).date().isoformat()}
        self.has_vials = Random(seed).random() < 0.4
        if self.has_vials:
            self.document["products"][0]["vial"] = {"units": 4, "open_hours": 20}
        self.first_day = self._generator.start.date()
        self._now = datetime.fromisoformat(self.document["now"])
        self._names = [visit["id"] for visit in self.document["visits"] if "service" in visit]
        self._holds = []
        self._keys = []

    def action(self, kind, number):
        """The action of this kind that the number stands for; what it makes may be named later."""
        self._generator.random = Random(number)
        return getattr(self, f"_{kind}")(self._generator.random)

    def _find(self, random):
        first = self._generator.start.date() + timedelta(days=random.randint(-1, 2))
        last = first + timedelta(days=random.randint(0, 1))
        return {"find": self._generator.trip(self.document) | {"from": first.isoformat(), "until": last.isoformat()}}

    def _book(self, random):
        name = f"b{len(self._names)}"
        action = self._wish(random) | {"as": name}
        if random.random() < 0.3:
            key = random.choice([*self._keys, f"k{len(self._keys)}"])
            self._keys.append(key)
            action["key"] = key
        self._names += [name, f"{name}.1", f"{name}.2"][: 3 if "parts" in action else 1]
        return {"book": action}

    def _book_again(self, random):
        """The same under the same key, as a client does that lost the answer."""
        return {"book": self._wish(Random(7)) | {"key": "same"}}

    def _hold(self, random):
        name = f"h{len(self._holds)}"
        self._holds.append(name)
        return {"hold": self._wish(random) | {"as": name}}

    def _confirm(self, random):
        name = f"b{len(self._names)}"
        self._names.append(name)
        return {"book": {"hold": random.choice([*self._holds[-3:], "h0"]), "as": name}}

    def _series(self, random):
        name = f"s{len(self._names)}"
        service = random.choice(self.document["services"])
        until = self.first_day + timedelta(days=random.randint(3, 20))
        wish = {"service": service["id"], "patient": f"pat-{random.randrange(3)}", "sessions": random.randint(2, 3)}
        if len(self.document["locations"]) > 1:
            wish["location"] = "main"
        self._names += [name, f"{name}.1", f"{name}.2"]
        return {"series": wish | {"start": self.first_day.isoformat(), "until": until.isoformat(), "as": name}}

    def _move(self, random):
        # A part is not moved alone, nor a series as one; the format's checks say so before anything runs.
        action = {"visit": self._visit(random, self._whole()), "arrives": self._time(random)}
        if random.random() < 0.2:
            action |= {"override": ["too_soon", "missing_prerequisite", "closed"], "reason": "asked", "role": "owner"}
        return {"move": action}

    def _cancel(self, random):
        return {"cancel": {"visit": self._visit(random), "by": random.choice(["patient", "patient", "practice"])}}

    def _no_show(self, random):
        return {"no_show": {"visit": self._visit(random)}}

    def _complete(self, random):
        action = {"visit": self._visit(random)}
        if random.random() < 0.5:
            action["used"] = [{"product": "p", "quantity": random.randint(0, 3)}]
        return {"complete": action}

    def _away(self, random):
        resource = random.choice(self.document["resources"])["id"]
        return {"away": {"resource": resource, **self._generator.stretch(45)}}

    def _waitlist(self, random):
        name = f"w{len(self._holds)}"
        self._holds.append(name)
        until = self.first_day + timedelta(days=random.randint(0, 2))
        wish = self._generator.trip(self.document) | {"from": self.first_day.isoformat(), "until": until.isoformat()}
        return {"waitlist": wish | {"as": name}}

    def _offers(self, random):
        return {"offers": {}}

    def _waive(self, random):
        action = {"visit": self._visit(random), random.choice(["fee", "deposit"]): random.choice(["all", 500, 5000])}
        return {"waive": action | random.choice([{}, {"role": "owner"}, {"role": "owner", "reason": "kind"}])}

    def _late(self, random):
        return {"late": {"visit": self._visit(random, self._whole()), "minutes": random.choice([5, 20, 60])}}

    def _over(self, random):
        return {"over": {"visit": self._visit(random, self._single()), "minutes": random.choice([5, 20, 60])}}

    def _finish(self, random):
        return {"finish": {"visit": self._visit(random, self._single())}}

    def _sign(self, random):
        return {"sign": {"patient": f"pat-{random.randrange(3)}", "consent": "form"}}

    def _withdraw(self, random):
        return {"withdraw": {"patient": f"pat-{random.randrange(3)}", "consent": "form"}}

    def _check_in(self, random):
        return {"check_in": {"visit": self._visit(random, self._whole())}}

    def _gaps(self, random):
        until = self.first_day + timedelta(days=random.randint(0, 1))
        return {"gaps": self._somewhere(random) | {"from": self.first_day.isoformat(), "until": until.isoformat()}}

    def _repair(self, random):
        day = self.first_day + timedelta(days=random.randint(0, 1))
        return {"repair": {"date": day.isoformat(), "notice_minutes": random.choice([0, 120])}}

    def calls_out(self, resource, day):
        """Who is gone in the next `call_out`, and the day of the next `repair_then`."""
        self._gone, self._day = resource, day

    def _call_out(self, random):
        begin, end = random.choice([("00:00", "24:00"), ("10:00", "24:00"), ("00:00", "11:30")])
        return {"away": {"resource": self._gone, "from": f"{self._day}T{begin}", "to": f"{self._day}T{end}"}}

    def _repair_then(self, random):
        return {"repair": {"date": self._day.isoformat(), "notice_minutes": random.choice([0, 0, 60])}}

    def _series_why(self, random):
        """A series that hardly fits, and why."""
        action = self._series(random)
        return action | {"expect": {"why": {}}}

    def _open(self, random):
        lot = {"lot": self._lot(random)} if random.random() < 0.5 else {}
        return {"open": self._stocked(random) | lot}

    def _receive(self, random):
        expires = self.first_day + timedelta(days=random.randint(0, 4))
        quantity = {"quantity": random.randint(1, 6), "expires": expires.isoformat()}
        return {"receive": self._stocked(random) | {"lot": self._lot(random)} | quantity}

    def _waste(self, random):
        seen = random.choice([{}, {"witness": "room-0"}, {"witness": "nobody"}, {"sealed": True}])
        seen |= random.choice([{}, {"reason": "spilled"}])
        return {"waste": self._stocked(random) | {"lot": self._lot(random), "quantity": random.randint(1, 3)} | seen}

    def _count(self, random):
        reason = random.choice([{}, {"reason": "broken"}])
        counted = {"lot": self._lot(random), "counted": random.randint(0, 9)}
        return {"count": self._stocked(random) | counted | reason}

    def _explain(self, random):
        return {"explain": self._stocked(random) | {"lot": self._lot(random), "reason": "found"}}

    def _ledger(self, random):
        lot = {"lot": self._lot(random)} if random.random() < 0.5 else {}
        return {"ledger": self._somewhere(random) | {"product": "p"} | lot}

    def _stocked(self, random):
        who = random.choice(["provider-0", "provider-0", "provider-0", "nobody"])
        return self._somewhere(random) | {"product": "p", "by": who}

    def _lot(self, random):
        return random.choice(["L0", "L1", "L2", "N"])

    def _somewhere(self, random):
        places = [place["id"] for place in self.document["locations"]]
        return {"location": random.choice(places)} if len(places) > 1 else {}

    def change_practice(self, number):
        """Something else in the practice file from now on."""
        random = Random(number)
        document = json.loads(json.dumps(self.document))
        resource = random.choice(document["resources"])
        if random.random() < 0.5:
            resource["hours"] = [{"days": "mon-sun", "from": "08:00", "to": random.choice(["12:00", "20:00"])}]
        else:
            resource["skills"] = random.choice([["a"], ["a", "b", "c"]])
        random.choice(document["services"])["price"]["amount_minor"] = random.randint(0, 9_999)
        document["policy"]["deposit"] = {"flat": random.randint(0, 5_000)}
        document["policy"]["cancellation"] = [{"within_hours": 9, "fee_share": 0.25}]
        self.document = document

    def _clock(self, random):
        self._now += timedelta(minutes=random.choice([1, 10, 29, 30, 240, 900]))
        return {"clock": self._now.isoformat(timespec="minutes")}

    def _whole(self):
        """Visits, trips and sessions; neither parts nor series."""
        return [name for name in self._names if {"s": "." in name, "b": "." not in name}.get(name[0], True)]

    def _single(self):
        """Those that are one visit."""
        return [name for name in self._whole() if f"{name}.1" not in self._names]

    def _wish(self, random):
        trip = self._generator.trip(self.document)
        offered = self.openings(trip) if random.random() < 0.7 else []
        wish = trip | {"arrives": random.choice(offered) if offered else self._time(random)}
        if random.random() < 0.2:
            wish |= {"override": ["closed", "no_stock", "too_soon", "too_late"]}
            wish |= random.choice([{"reason": "asked", "role": "owner"}, {"role": "owner"}, {"reason": "asked"}])
        return wish

    def _time(self, random):
        return self._generator.wall(0, 2, random.choice([5, 15, 15]))

    def _visit(self, random, names=None):
        names = self._names if names is None else names
        return random.choice([*names[-6:], *names[:1], "b99"])
