"""A second opinion on the scenario format: brute force over the raw file, minute by minute.

It imports nothing from the hub and shares no idea with the engine: no bit sets, no grouping of names; every way to fill
those of a part is tried beside every way to fill those of the parts before it. Slow and plain on purpose. `reasons`
judges one booking, `openings` walks every grid minute of the dates asked for.
"""

import itertools
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_minute(instant):
    return round((instant - EPOCH).total_seconds()) // 60


@lru_cache(maxsize=200_000)
def local(zone, minute):
    """(date, minute of the day) that a wall clock shows."""
    shown = (EPOCH + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
    return shown.date(), shown.hour * 60 + shown.minute


@lru_cache(maxsize=1_000)
def shown_on(zone, day):
    """Minute of the day → the earliest minute at which the clock shows it on that date."""
    noon = to_minute(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    found = {}
    for minute in range(noon - 36 * 60, noon + 36 * 60):
        on, of_day = local(zone, minute)
        if on == day:
            found.setdefault(of_day, minute)
    return found


@lru_cache(maxsize=10_000)
def wall(zone, text):
    """The minute of a wall time: skipped ones move forward by the gap, of repeated ones the earlier is meant."""
    if text[16:]:
        return to_minute(datetime.fromisoformat(text))
    day, of_day = date.fromisoformat(text[:10]), int(text[11:13]) * 60 + int(text[14:16])
    if of_day == 1440:
        day, of_day = day + timedelta(days=1), 0
    if of_day in shown_on(zone, day):
        return shown_on(zone, day)[of_day]
    # Skipped: count on from the last minute the clock showed before.
    before = day, of_day
    steps = 0
    while before[1] not in shown_on(zone, before[0]):
        steps += 1
        before = (before[0], before[1] - 1) if before[1] else (before[0] - timedelta(days=1), 1439)
    last_shown = max(
        m
        for m in range(shown_on(zone, before[0])[before[1]], shown_on(zone, before[0])[before[1]] + 200)
        if local(zone, m) == before
    )
    return last_shown + steps


class World:
    """One scenario file, before any action."""

    def __init__(self, doc):
        self.doc = doc
        self.locations = {entry["id"]: entry for entry in doc.get("locations") or [{"id": "main"}]}
        self.first = next(iter(self.locations))
        self.resources = {entry["id"]: entry for entry in doc.get("resources", [])}
        self.services = {entry["id"]: entry for entry in doc.get("services", [])}
        self.products = {entry["id"]: entry for entry in doc.get("products", [])}
        self.packages = {entry["id"]: entry for entry in doc.get("packages", [])}
        self.patients = {entry["id"]: entry for entry in doc.get("patients", [])}
        self.now = wall(doc["zone"], doc["now"])
        self.grid = doc.get("grid_minutes", 15)
        self._duty = {}
        self._open = {}
        self._remembered = {}
        self.busy = {}
        self.patient_visits = []
        self.promises = []
        for visit in doc.get("visits", []):
            self.list_visit(visit)

    def zone(self, location):
        return self.locations[location].get("zone", self.doc["zone"])

    def place(self, resource_id):
        return self.resources[resource_id].get("location", self.first)

    def list_visit(self, visit):
        if "resources" in visit:
            for resource in set(visit["resources"]):
                zone = self.zone(self.place(resource))
                self.take(resource, wall(zone, visit["from"]), wall(zone, visit["to"]))
            return
        if visit.get("state", "booked") in ("cancelled", "no_show"):
            return
        filled = visit.get("with", {})
        location = visit.get("location") or next((self.place(r) for r in filled.values()), self.first)
        arrival = wall(self.zone(location), visit["arrives"])
        service = self.services[visit["service"]]
        option = next((o for o in service.get("options", []) if o["id"] == visit.get("option")), {})
        plan = self.plan(service, option, filled.get("provider"), arrival)
        for step, start, end in plan:
            for resource in {filled[name] for name in names_of([step]) if name in filled}:
                self.take(resource, start, end)
        leaving = max(end for step, _, end in plan if step.get("patient", True))
        day = local(self.zone(location), arrival)[0]
        self.patient_visits.append((visit["patient"], service, arrival, leaving, day))
        if visit.get("state", "booked") == "booked":
            for use in option.get("uses", service.get("uses", [])):
                self.promises.append((use["product"], location, day, use["quantity"]))

    def take(self, resource, start, end):
        for minute in range(start, end):
            self.busy[resource, minute] = self.busy.get((resource, minute), 0) + 1

    def plan(self, service, option, provider, arrival):
        """[(step, start, end)] with the first patient step at `arrival`."""
        lengths = []
        for step in service["steps"]:
            minutes = option.get("minutes", {}).get(step["name"], step["minutes"])
            lengths.append(minutes if isinstance(minutes, int) else minutes.get(provider, minutes["default"]))
        start = arrival
        for step, length in zip(service["steps"], lengths, strict=True):
            if step.get("patient", True):
                break
            start -= length
        plan = []
        for step, length in zip(service["steps"], lengths, strict=True):
            plan.append((step, start, start + length))
            start += length
        return plan

    def in_hours(self, hours, zone, minute):
        """Whether a minute lies in one of the weekly hours, each made into instants on its own date."""
        on, _ = local(zone, minute)

        def spans():
            return [
                (wall(zone, f"{day}T{entry['from']}"), wall(zone, f"{day}T{entry['to']}"))
                for day in (on - timedelta(days=1), on, on + timedelta(days=1))
                for entry in hours
                if DAYS[day.weekday()] in days_of(entry["days"]) and holds(entry, day)
            ]

        return any(start <= minute < end for start, end in self.remembered(spans, id(hours), zone, on))

    def is_open(self, location, minute):
        key = location, minute
        if key not in self._open:
            entry, zone = self.locations[location], self.zone(location)
            on, _ = local(zone, minute)
            shut = on.isoformat() in entry.get("closed", []) or not holds(entry, on)
            self._open[key] = not shut and ("hours" not in entry or self.in_hours(entry["hours"], zone, minute))
        return self._open[key]

    def on_duty(self, resource, minute):
        key = resource, minute
        if key not in self._duty:
            entry, zone = self.resources[resource], self.zone(self.place(resource))

            def inside(spans):
                return any(wall(zone, span["from"]) <= minute < wall(zone, span["to"]) for span in spans)

            works = (
                "hours" not in entry or self.in_hours(entry["hours"], zone, minute) or inside(entry.get("extra", []))
            )
            self._duty[key] = works and not inside(entry.get("away", [])) and holds(entry, local(zone, minute)[0])
        return self._duty[key]

    def remembered(self, find, *key):
        """What `find` gave for this key before: the practice does not change."""
        key = find.__name__, *key
        if key not in self._remembered:
            self._remembered[key] = find()
        return self._remembered[key]

    def is_open_throughout(self, location, start, end):
        def open_throughout():
            return all(self.is_open(location, minute) for minute in range(start, end))

        return self.remembered(open_throughout, location, start, end)

    def on_duty_throughout(self, resource, start, end):
        def on_duty_throughout():
            return all(self.on_duty(resource, minute) for minute in range(start, end))

        return self.remembered(on_duty_throughout, resource, start, end)

    def is_free_throughout(self, resource, start, end):
        def free_throughout():
            return all(self.is_free(resource, minute) for minute in range(start, end))

        return self.remembered(free_throughout, resource, start, end)

    def is_free(self, resource, minute):
        return self.on_duty(resource, minute) and (
            self.busy.get((resource, minute), 0) < self.resources[resource].get("capacity", 1)
        )

    def satisfies(self, resource_id, need, location, day):
        entry = self.resources[resource_id]
        code = need.get("certification")
        certified = code is None or any(
            c["code"] == code and c["from"] <= day.isoformat() <= c["until"] for c in entry.get("certifications", [])
        )
        return (
            self.place(resource_id) == location
            and entry["kind"] == need["kind"]
            and set(need.get("skills", [])) <= set(entry.get("skills", []))
            and need.get("id", resource_id) == resource_id
            and resource_id in need.get("any", [resource_id])
            and certified
        )


def holds(entry, day):
    """Whether the date is one of an entry's."""
    return entry.get("since", "") <= day.isoformat() <= entry.get("until", "9999")


def days_of(days):
    found = set()
    for word in [days] if isinstance(days, str) else days:
        first, _, last = word.partition("-")
        day = DAYS.index(first)
        found.add(first)
        while last and DAYS[day] != last:
            day = (day + 1) % 7
            found.add(DAYS[day])
    return found


def taking(step):
    return [need for need in step.get("needs", []) if not need.get("present")]


def name_of(need):
    return need.get("as", need["kind"])


def names_of(steps):
    return list(dict.fromkeys(name_of(need) for step in steps for need in taking(step)))


class Judged:
    """One trip at one arrival."""

    def __init__(self, world, action, arrival):
        self.world, self.action, self.arrival = world, action, arrival
        self.location = action.get("location", world.first)
        self.zone = world.zone(self.location)
        single = {k: action[k] for k in ("service", "option", "with", "package") if k in action}
        self.parts = [{"patient": action.get("patient"), **part} for part in action.get("parts", [single])]
        self.today = local(self.zone, world.now)[0]

    def service(self, part):
        return self.world.services[part["service"]]

    def option(self, part):
        return next((o for o in self.service(part).get("options", []) if o["id"] == part.get("option")), {})

    def uses(self, part):
        return self.option(part).get("uses", self.service(part).get("uses", []))

    def who(self, part, name, arrival):
        day = local(self.zone, arrival)[0]
        asked = part.get("with", {}).get(name)

        def who():
            needs = [need for step in self.service(part)["steps"] for need in taking(step) if name_of(need) == name]
            return [
                resource
                for resource in self.world.resources
                if asked in (None, resource)
                and all(self.world.satisfies(resource, need, self.location, day) for need in needs)
            ]

        return self.world.remembered(who, part["service"], name, asked, self.location, day)

    def cases(self, done=()):
        """Every way the providers can set the lengths: ((part, provider, arrival, plan) …)."""
        if len(done) == len(self.parts):
            yield done
            return
        part = self.parts[len(done)]
        arrival = self.arrival if not done or self.action.get("together") else leaving_of(done[-1])
        names = names_of(self.service(part)["steps"])
        for provider in (self.who(part, "provider", arrival) if "provider" in names else []) or [None]:
            plan = self.world.plan(self.service(part), self.option(part), provider, arrival)
            yield from self.cases((*done, (part, provider, arrival, plan)))

    def names(self, case):
        """{(part number, name): qualifying resources}."""
        found = {}
        for number, (part, provider, arrival, _) in enumerate(case):
            for name in names_of(self.service(part)["steps"]):
                qualified = self.who(part, name, arrival)
                found[number, name] = [provider] if name == "provider" and provider else qualified
        return found

    def free(self, case, key, resource):
        number, name = key
        plan = case[number][3]
        return all(
            self.world.is_free_throughout(resource, start, end) for step, start, end in plan if name in names_of([step])
        )

    def works(self, case, numbers):
        """Whether the names of these parts can be filled at once."""
        numbers = list(numbers)
        alone = len(numbers) > 1 and not all(self.works(case, [number]) for number in numbers)
        return not alone and any(True for _ in self.ways(case, numbers))

    def ways(self, case, numbers):
        """Every way to fill the names of these parts: with every way of those before, every one of the last."""
        if not numbers:
            yield {}
            return
        names = {key: who for key, who in self.names(case).items() if key[0] == numbers[-1]}
        free = [[r for r in who if self.free(case, key, r)] for key, who in names.items()]
        for before in self.ways(case, numbers[:-1]):
            for chosen in itertools.product(*free):
                together = before | dict(zip(names, chosen, strict=True))
                if self.holds(case, together):
                    yield together

    def holds(self, case, chosen):
        usage = {}
        for number, (_, _, _, plan) in enumerate(case):
            for step, start, end in plan:
                here = {name: chosen[number, name] for name in names_of([step]) if (number, name) in chosen}
                if len(set(here.values())) < len(here):
                    return False
                kinds = {name_of(need): need["kind"] for need in taking(step)}
                rooms = {r for name, r in here.items() if kinds[name] == "room"}
                fixed = {self.world.resources[r]["in"] for r in here.values() if "in" in self.world.resources[r]}
                if rooms and not fixed <= rooms:
                    return False
                for resource in here.values():
                    usage.setdefault(resource, []).append((start, end))
        for resource, spans in usage.items():
            capacity = self.world.resources[resource].get("capacity", 1)
            for at in range(min(s for s, _ in spans), max(e for _, e in spans)):
                own = sum(start <= at < end for start, end in spans)
                if own and own + self.world.busy.get((resource, at), 0) > capacity:
                    return False
        return True

    def timeless(self):
        policy = self.world.doc.get("policy", {}).get("self_booking")
        if self.action.get("channel", "desk") == "desk":
            if self.arrival < self.world.now:
                yield "in_the_past"
            return
        if self.arrival < self.world.now:
            yield "in_the_past"
        if local(self.zone, self.arrival)[1] % self.world.grid:
            yield "off_grid"
        if policy is None:
            yield "service_not_offered"
            return
        if self.arrival < self.world.now + policy.get("lead_minutes", 0):
            yield "lead_time"
        if any(part["service"] not in policy.get("services", [part["service"]]) for part in self.parts):
            yield "service_not_offered"
        if policy.get("known_only") and not all(
            self.world.patients[p["patient"]].get("known", True) for p in self.parts
        ):
            yield "known_only"

    def of_case(self, case):
        found = set()
        for number in range(len(case)):
            found |= set(self.of_part(case, number)) | self.between_visits(case, number)
        if not self.has_stock(case):
            found.add("no_stock")
        if not self.has_credit(case):
            found.add("no_credit")
        return found

    def of_part(self, case, number):
        part, _, arrival, plan = case[number]
        leaving, day = leaving_of(case[number]), local(self.zone, arrival)[0]
        if not self.world.is_open_throughout(self.location, plan[0][1], plan[-1][2]):
            yield "closed"
        times = [(a, b) for patient, _, a, b, _ in self.world.patient_visits if patient == part["patient"]]
        for i, other in enumerate(case):
            if i != number and other[0]["patient"] == part["patient"]:
                times.append((other[2], leaving_of(other)))
        if any(a < leaving and arrival < b for a, b in times):
            yield "patient_busy"
        supervised = [
            any(
                self.world.satisfies(resource, need, self.location, day)
                and self.world.on_duty_throughout(resource, begin, stop)
                for resource in self.world.resources
            )
            for step, begin, stop in plan
            for need in step.get("needs", [])
            if need.get("present")
        ]
        if not all(supervised):
            yield "not_supervised"
        if not holds(self.service(part).get("offered", {}), day):
            yield "service_not_offered"
        policy = self.world.doc.get("policy", {}).get("self_booking") or {}
        horizon = policy.get("horizon_days", 10**5) if self.action.get("channel", "desk") != "desk" else 10**5
        if day > self.today + timedelta(days=horizon):
            yield "horizon"

    def between_visits(self, case, number):
        part, _, arrival, _ = case[number]
        service, day = self.service(part), local(self.zone, arrival)[0]
        others = [(s, a, d) for p, s, a, _, d in self.world.patient_visits if p == part["patient"]]
        others += [
            (self.service(other[0]), other[2], local(self.zone, other[2])[0])
            for i, other in enumerate(case)
            if i != number and other[0]["patient"] == part["patient"]
        ]
        found = set()
        for other, at, on in others:
            apart = abs((day - on).days)
            if other["id"] == service["id"] and apart < service.get("series", {}).get("min_days", 0):
                found.add("too_soon")
            # Clocks of two zones: whoever comes later may come on the earlier date, which is no day after at all.
            after = (day - on).days
            for later, earlier, days, in_order in (
                (service, other, after, at <= arrival),
                (other, service, -after, arrival <= at),
            ):
                for rule in later.get("spacing", []):
                    named = rule["after"] == earlier["id"] or rule["after"] in earlier.get("tags", [])
                    if in_order and named and days < rule["min_days"]:
                        found.add("too_soon")
        for rule in service.get("requires", []):
            if not any(
                (rule["before"] == other["id"] or rule["before"] in other.get("tags", []))
                and at < arrival
                and rule.get("min_days", 0) <= (day - on).days <= rule.get("max_days", 10**6)
                for other, at, on in others
            ):
                found.add("missing_prerequisite")
        return found

    def has_stock(self, case):
        new = [
            (use["product"], local(self.zone, arrival)[0], use["quantity"])
            for part, _, arrival, _ in case
            for use in self.uses(part)
            if use["quantity"]
        ]
        return all(self.has_product(product, [(d, q) for p, d, q in new if p == product]) for product, _, _ in new)

    def has_product(self, product, new):
        last = self.today + timedelta(days=self.world.products[product].get("strict_days", 10**5))
        new = [(day, quantity) for day, quantity in new if day <= last]
        old = [
            (day, quantity)
            for p, place, day, quantity in self.world.promises
            if (p, place) == (product, self.location) and day <= last
        ]
        lots = [
            (date.fromisoformat(lot["expires"]), lot["on_hand"])
            for lot in self.world.doc.get("stock", [])
            if lot["product"] == product and lot.get("location", self.world.first) == self.location
        ]
        day = min((on for on, _ in new + old + lots), default=self.today) - timedelta(days=1)
        while day <= max((on for on, _ in new), default=date.min):
            if sum(q for on, q in new + old if on >= day) > sum(q for on, q in lots if on >= day):
                return False
            day += timedelta(days=1)
        return True

    def has_credit(self, case):
        for part, _, arrival, _ in case:
            if "package" in part:
                package = self.world.packages[part["package"]]
                wanted = sum(other.get("package") == part["package"] for other in self.parts)
                if (package["patient"], package["service"]) != (part["patient"], part["service"]):
                    return False
                if local(self.zone, arrival)[0].isoformat() > package["expires"] or wanted > package["credits"]:
                    return False
        return True

    def is_accepted(self):
        if any(True for _ in self.timeless()):
            return False
        return any(not self.of_case(case) and self.works(case, range(len(case))) for case in self.cases())

    def reasons(self):
        cases = list(self.cases())
        codes = [self.of_case(case) for case in cases]
        found = set(self.timeless()) | set.intersection(*codes)
        keys = self.names(cases[0]).keys()
        kinds = {
            (number, name_of(need)): need["kind"]
            for number, part in enumerate(self.parts)
            for step in self.service(part)["steps"]
            for need in taking(step)
        }
        free = {}
        for key in keys:
            qualified = [(case, r) for case in cases for r in self.names(case)[key]]
            free[key] = any(self.free(case, key, r) for case, r in qualified)
            if not qualified:
                found.add("none_suitable")
            elif not free[key]:
                found.add(f"no_{kinds[key]}")
        numbers = range(len(self.parts))
        alone = [any(self.works(case, [number]) for case in cases) for number in numbers]
        for number in numbers:
            if not alone[number] and all(free[key] for key in keys if key[0] == number):
                found.add("no_combination")
        whole = [set(numbers) if self.works(case, numbers) else set() for case in cases]
        if all(alone) and not any(whole):
            found.add("no_combination")
        if not found and not any(w and not c for w, c in zip(whole, codes, strict=True)):
            found.add("no_combination")
        return found


def leaving_of(timed):
    return max(end for step, _, end in timed[3] if step.get("patient", True))


def printed(zone, minute):
    """Local time with offset, as the format prints it."""
    return (EPOCH + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def openings(world, action):
    """The minutes a `find` should offer, in order."""
    zone = world.zone(action.get("location", world.first))
    first, last = date.fromisoformat(action["from"]), date.fromisoformat(action["until"])
    start, end = min(shown_on(zone, first).values()), max(shown_on(zone, last).values()) + 200
    found = []
    for minute in range(start, end):
        day, of_day = local(zone, minute)
        if first <= day <= last and of_day % world.grid == 0 and Judged(world, action, minute).is_accepted():
            found.append(minute)
    return found
