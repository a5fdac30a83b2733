"""Random practices in the scenario format, from a seed: small, crowded, and full of the format's corners."""

from datetime import datetime, timedelta
from random import Random

# Days on which these zones' clocks change, and one without.
MOMENTS = [
    ("America/Chicago", "2026-03-07"),
    ("America/Chicago", "2026-10-31"),
    ("Europe/London", "2026-10-24"),
    ("Europe/Berlin", "2026-03-28"),
    ("Australia/Lord_Howe", "2026-04-04"),  # half an hour
    ("Australia/Lord_Howe", "2026-10-03"),
    ("Africa/Cairo", "2026-04-23"),  # midnight is skipped
    ("Africa/Cairo", "2026-10-29"),  # the hour before midnight is repeated
    ("America/Havana", "2026-10-31"),  # the hour after midnight is repeated
    ("Asia/Kolkata", "2026-05-05"),
    ("Pacific/Auckland", "2026-06-17"),
    ("America/Chicago", "2026-05-05"),
]
SKILLS = ["a", "b", "c"]
WORDS = ["svc-0", "svc-1", "laser", "filler"]


class Generator:
    def __init__(self, seed, moments=MOMENTS):
        self.random = Random(seed)
        self.zone, day = self.random.choice(moments)
        self.start = datetime.fromisoformat(day)
        self.ease = self.random.choice([0.3, 0.3, 1])  # how often what makes a practice hard is there

    def chance(self, share):
        return self.random.random() < share

    def hard(self, share):
        """A chance of something that tends to leave no opening at all."""
        return self.chance(share * self.ease)

    def some(self, items, share):
        return [item for item in items if self.chance(share)]

    def wall(self, low=-1, high=3, step=1):
        minutes = self.random.randrange(low * 1440 // step, high * 1440 // step) * step
        return (self.start + timedelta(minutes=minutes)).isoformat(timespec="minutes")

    def stretch(self, longest=240):
        start = datetime.fromisoformat(self.wall())
        end = start + timedelta(minutes=self.random.randint(1, longest))
        return {"from": start.isoformat(timespec="minutes"), "to": end.isoformat(timespec="minutes")}

    def hours(self):
        if self.chance(0.15):  # through the night
            return [
                {"days": "mon-sun", "from": "18:00", "to": "24:00"},
                {"days": "mon-sun", "from": "00:00", "to": "05:30"},
            ]
        begin = self.random.choice([0, 60, 90, 105, 420, 540, 615])
        end = min(begin + self.random.choice([120, 240, 480, 1440]), 1440)
        entry = {"days": "mon-sun", "from": clock(begin), "to": clock(end)}
        if self.chance(0.2):
            entry["days"] = self.random.choice([["mon", "wed-sat"], "sat-mon", "fri"])
        return [entry]

    def locations(self):
        found = [{"id": "main"}]
        if self.chance(0.25):
            found.append({"id": "north"})
            if self.chance(0.5):
                found[1]["zone"] = "America/Denver"
        for location in found:
            if self.chance(0.5):
                location["hours"] = self.hours()
            if self.hard(0.15):
                location["closed"] = [(self.start + timedelta(days=self.random.randint(0, 1))).date().isoformat()]
        return found

    def resource(self, kind, number, rooms, locations):
        entry = {"id": f"{kind}-{number}", "kind": kind, "skills": self.some(SKILLS, 0.75 if self.hard(1) else 0.95)}
        if len(locations) > 1:
            entry["location"] = self.random.choice(locations)["id"] if self.hard(1) else "main"
        if self.hard(0.6 if kind in ("provider", "assistant") else 0.2):
            entry["hours"] = self.hours()
        if self.chance(0.3):
            entry["extra"] = [self.stretch()]
        if self.chance(0.6):
            entry["away"] = [self.stretch(90) for _ in range(self.random.randint(1, 5))]
        if self.chance(0.3):
            entry["capacity"] = self.random.randint(2, 3)
        if kind == "provider":
            until = (self.start + timedelta(days=self.random.randint(-1, 3) if self.hard(1) else 2)).date().isoformat()
            entry["certifications"] = [{"code": "x", "from": "2020-01-01", "until": until}]
        if kind == "device" and rooms and self.chance(0.5):
            entry["in"] = self.random.choice(rooms)
        return entry

    def resources(self, locations):
        found = []
        for kind, most in (("provider", 3), ("room", 3), ("device", 2), ("assistant", 2)):
            rooms = [entry["id"] for entry in found if entry["kind"] == "room"]
            found += [self.resource(kind, i, rooms, locations) for i in range(self.random.randint(1, most))]
        return found

    def step(self, number, resources):
        minutes = self.random.choice([5, 10, 20, 35, 40, 60])
        step = {"name": f"s{number}", "minutes": minutes, "needs": []}
        if self.chance(0.3):
            providers = [entry["id"] for entry in resources if entry["kind"] == "provider"]
            step["minutes"] = {"default": minutes}
            step["minutes"] |= {p: self.random.choice([5, 15, 25, 50]) for p in self.some(providers, 0.6)}
        for kind, share in (("room", 0.8), ("provider", 0.6), ("device", 0.3), ("assistant", 0.3)):
            if self.chance(share):
                step["needs"].append(self.need(kind, resources))
        if self.chance(0.15):
            step["needs"].append({"kind": self.random.choice(["provider", "room"]), "as": "second"})
        if self.chance(0.2):
            present = {"kind": "provider", "skills": [self.random.choice(SKILLS)], "present": True}
            step["needs"].append(present | ({"certification": "x"} if self.chance(0.3) else {}))
        return step

    def need(self, kind, resources):
        need = {"kind": kind}
        same = [entry["id"] for entry in resources if entry["kind"] == kind]
        if self.hard(0.3):
            need["skills"] = [self.random.choice(SKILLS)]
        if kind == "provider" and self.chance(0.25):
            need["certification"] = "x"
        if self.hard(0.1):
            need["any"] = self.random.sample(same, self.random.randint(1, len(same)))
        elif self.hard(0.06):
            need["id"] = self.random.choice(same)
        if self.chance(0.1):
            need["as"] = f"other {kind}"
        return need

    def service(self, number, resources):
        steps = [self.step(i, resources) for i in range(self.random.randint(1, 3))]
        for step in steps:
            if self.chance(0.25):
                step["patient"] = False
        if not any(step.get("patient", True) for step in steps):
            del self.random.choice(steps)["patient"]
        service = {"id": f"svc-{number}", "tags": [self.random.choice(["laser", "filler"])], "steps": steps}
        if self.chance(0.4):
            service["uses"] = [{"product": "p", "quantity": self.random.randint(0, 3)}]
        if self.chance(0.4):
            service["options"] = [
                {"id": "big", "minutes": {"s0": 35}, "uses": [{"product": "p", "quantity": self.random.randint(1, 4)}]}
            ]
        if self.chance(0.3):
            service["series"] = {"sessions": 3, "min_days": self.random.randint(0, 3), "max_days": 9}
        if self.hard(0.3):
            service["spacing"] = [{"after": self.random.choice(WORDS), "min_days": self.random.randint(0, 3)}]
        if self.hard(0.25):
            low = self.random.randint(0, 2)
            service["requires"] = [
                {"before": self.random.choice(WORDS), "min_days": low, "max_days": low + self.random.randint(0, 6)}
            ]
        return service

    def stock(self, locations):
        return [
            {
                "product": "p",
                "lot": f"L{i}",
                "on_hand": self.random.randint(0, 6) if self.hard(1) else self.random.randint(3, 9),
                "expires": (self.start + timedelta(days=self.random.randint(-1, 4) if self.hard(1) else 5))
                .date()
                .isoformat(),
                "location": self.random.choice(locations)["id"],
            }
            for i in range(self.random.randint(0 if self.hard(1) else 2, 3))
        ]

    def visits(self, services, resources):
        found = []
        for i in range(self.random.randint(2, 14)):
            if self.chance(0.4):
                taken = self.random.sample(resources, self.random.randint(1, 2))
                found.append({"id": f"v{i}", "resources": [entry["id"] for entry in taken], **self.stretch(120)})
                continue
            service = self.random.choice(services)
            names = {
                need.get("as", need["kind"]): need["kind"]
                for step in service["steps"]
                for need in step["needs"]
                if not need.get("present")
            }
            filled = {
                name: self.random.choice([entry["id"] for entry in resources if entry["kind"] == kind])
                for name, kind in names.items()
                if self.chance(0.7) and any(entry["kind"] == kind for entry in resources)
            }
            visit = {"id": f"v{i}", "patient": f"pat-{self.random.randrange(3)}", "service": service["id"]}
            visit |= {"arrives": self.wall(-6, 4, 5), "with": filled}
            visit["state"] = self.random.choice(["booked", "booked", "completed", "cancelled", "no_show"])
            if service.get("options") and self.chance(0.4):
                visit["option"] = "big"
            found.append(visit)
        return found

    def policy(self):
        booking = {"lead_minutes": self.random.choice([0, 60, 700])}
        if self.chance(0.5):
            booking["horizon_days"] = self.random.randint(0, 3)
        if self.chance(0.4):
            booking["services"] = ["svc-0"]
        if self.chance(0.4):
            booking["known_only"] = True
        return {"self_booking": booking}

    def part(self, services, resources, packages):
        service = self.random.choice(services)
        part = {"service": service["id"]}
        if service.get("options") and self.chance(0.4):
            part["option"] = "big"
        if self.hard(0.3):
            names = [need for step in service["steps"] for need in step["needs"] if not need.get("present")]
            if names:
                need = self.random.choice(names)
                who = [entry["id"] for entry in resources if entry["kind"] == need["kind"]]
                part["with"] = {need.get("as", need["kind"]): self.random.choice(who)}
        if packages and self.hard(0.2):
            part["package"] = packages[0]["id"]
        return part

    def trip(self, doc):
        services, resources, packages = doc["services"], doc["resources"], doc["packages"]
        trip = {"patient": f"pat-{self.random.randrange(3)}"}
        if self.chance(0.45):
            count = 3 if self.chance(0.15) else 2
            trip["parts"] = [self.part(services, resources, packages) for _ in range(count)]
            if self.chance(0.5):
                trip["together"] = True
                for i, part in enumerate(trip["parts"]):
                    part["patient"] = f"pat-{i}" if self.chance(0.9) else "pat-0"
        else:
            trip |= self.part(services, resources, packages)
        if len(doc["locations"]) > 1:
            trip["location"] = self.random.choice(doc["locations"])["id"] if self.hard(1) else "main"
        if self.hard(0.25):
            trip["channel"] = "web"
        return trip

    def document(self):
        locations = self.locations()
        resources = self.resources(locations)
        services = [self.service(i, resources) for i in range(2)]
        product = {"id": "p", "unit": "unit"} | ({"strict_days": self.random.randint(0, 2)} if self.chance(0.4) else {})
        until = (self.start + timedelta(days=self.random.randint(0, 3))).date().isoformat()
        doc = {
            "zone": self.zone,
            "now": self.wall(-1, 1 if self.hard(1) else 0),
            "grid_minutes": self.random.choice([10, 15, 15, 30, 7]),
            "locations": locations,
            "resources": resources,
            "products": [product],
            "stock": self.stock(locations),
            "services": services,
            "patients": [{"id": f"pat-{i}", "known": self.chance(0.7)} for i in range(3)],
            "packages": [
                {
                    "id": "pk",
                    "patient": "pat-0",
                    "service": "svc-0",
                    "credits": self.random.randint(0, 2),
                    "expires": until,
                }
            ],
            "visits": self.visits(services, resources),
        }
        if self.chance(0.6):
            doc["policy"] = self.policy()
        first = self.start.date() + timedelta(days=self.random.randint(0, 1))
        last = first + timedelta(days=1 if self.chance(0.4) else 0)
        doc["actions"] = [{"find": self.trip(doc) | {"from": first.isoformat(), "until": last.isoformat()}}]
        return doc

    def times(self, count):
        """Wall times for bookings: most of them on the date asked for, some off the grid."""
        return [self.wall(0, 2, self.random.choice([1, 5, 15])) for _ in range(count)]


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}"
