"""Small random practices and a series asked of each: narrow days, stock that expires, credits, licences that lapse."""

import random
from datetime import date, timedelta

START = date(2026, 3, 5)  # the clock changes on the 8th


class SeriesGenerator:
    """One practice from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.is_pooled = self.chance(0.5)
        self.is_open_at_night = not self.is_pooled and self.chance(0.3)
        self.length = self.random.randint(5, 10)

    def chance(self, share):
        return self.random.random() < share

    def day(self, first=0, last=None):
        return (START + timedelta(days=self.random.randint(first, self.length if last is None else last))).isoformat()

    def document(self):
        doc = {
            "zone": "America/Chicago",
            "now": f"{START - timedelta(days=1)}T12:00",
            "grid_minutes": 240,
            "locations": [self.location()],
            "resources": self.resources(),
            "products": [
                {"id": "gel", "unit": "tube"} | ({"strict_days": self.random.randint(2, 8)} if self.chance(0.5) else {})
            ],
            "stock": [
                {"product": "gel", "lot": f"L{i}", "on_hand": self.random.randint(1, 3), "expires": self.day()}
                for i in range(self.random.randint(1, 3))
            ]
            + ([{"product": "gel", "lot": "Z", "on_hand": 3, "expires": "2027-01-01"}] if self.chance(0.6) else []),
            "services": [self.service(), {"id": "consult", "steps": [{"name": "talk", "minutes": 30, "needs": []}]}],
            "patients": [{"id": "ann"}, {"id": "bob"}],
            "packages": [
                {
                    "id": "pk",
                    "patient": "ann",
                    "service": "laser",
                    "credits": self.random.randint(2, 4),
                    "expires": self.day(4),
                }
            ],
            "visits": self.visits(),
        }
        doc["actions"] = [{"series": self.asked()}]
        return doc

    def location(self):
        closed = [self.day() for _ in range(self.random.randint(0, 3))]
        hours = {} if self.is_open_at_night else {"hours": [{"days": "mon-sun", "from": "08:00", "to": "18:00"}]}
        return {"id": "main", "closed": closed} | hours

    def resources(self):
        until = self.day(3) if self.chance(0.5) else "2027-01-01"
        providers = [self.person("lee", until)]
        if self.is_pooled:
            providers.append(self.person("kim", self.day()))
        return [*providers, {"id": "room-1", "kind": "room"}]

    def person(self, name, until):
        days = self.random.sample(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], self.random.randint(3, 6))
        hours = {"days": days, "from": "00:00" if self.is_open_at_night else "11:00", "to": "24:00"}
        away = [{"from": f"{day}T00:00", "to": f"{day}T13:00"} for day in (self.day(), self.day())]
        valid = {"code": "x", "from": "2020-01-01", "until": until}
        return {"id": name, "kind": "provider", "hours": [hours], "away": away, "certifications": [valid]}

    def service(self):
        least = self.random.randint(1 if self.is_pooled else 0, 3)
        series = {"sessions": self.random.randint(2, 3), "min_days": least}
        if self.chance(0.6):
            series["max_days"] = least + self.random.randint(0, 2)
        need = {"kind": "provider"} | ({"certification": "x"} if self.chance(0.5) else {})
        minutes = self.random.choice([60, 200, 300])
        service = {
            "id": "laser",
            "tags": ["light"],
            "series": series,
            "steps": [
                {"name": "laser", "minutes": minutes, "needs": [need, {"kind": "room"}]},
                {"name": "turn", "minutes": 45, "patient": False, "needs": [{"kind": "room"}]},
            ],
            "uses": [{"product": "gel", "quantity": 1}] if self.chance(0.7) else [],
        }
        if self.chance(0.2):
            service["spacing"] = [{"after": self.random.choice(["light", "consult"]), "min_days": 2}]
        if self.chance(0.25):
            service["requires"] = [
                {"before": self.random.choice(["light", "consult"]), "max_days": self.random.randint(2, 8)}
            ]
        return service

    def visits(self):
        facts = []
        for i in range(self.random.randint(0, 4)):
            day = self.day(-6)
            if self.chance(0.4):
                facts.append({"id": f"v{i}", "resources": ["room-1"], "from": f"{day}T08:00", "to": f"{day}T17:00"})
                continue
            service = self.random.choice(["laser", "consult", "consult"])
            facts.append(
                {
                    "id": f"v{i}",
                    "patient": self.random.choice(["ann", "ann", "bob"]),
                    "service": service,
                    "arrives": f"{day}T12:00",
                }
            )
        return facts

    def asked(self):
        until = (START + timedelta(days=self.length)).isoformat()
        asked = {"service": "laser", "patient": "ann", "start": START.isoformat(), "until": until}
        if self.chance(0.3):
            asked["package"] = "pk"
        if self.chance(0.2):
            asked["with"] = {"provider": "lee"}
        if self.chance(0.3):
            asked["sessions"] = self.random.randint(1, 4)
        return asked
