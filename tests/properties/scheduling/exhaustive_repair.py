"""Repair by trying everything, from the words of the scenario format alone; it imports nothing of the engine.

Days are tiny: times are minutes of one UTC day, every length is a multiple of five minutes. The answer is the least
(unplaced, moved, minutes, resources changed).
"""

from itertools import product

TICK = 5


def best_repair(doc, visits, date, notice, now):
    """`visits`: {id, trip, patient, service, arrives, resources, asked} of what is booked; times are minutes."""
    day = Day(doc, date)
    trips = {}
    for visit in visits:
        trips.setdefault(visit["trip"] or visit["id"], []).append(visit)
    open_trips = [trip for trip in trips.values() if all(day.start(v) > now for v in trip)]
    assert all(trip in open_trips or all(day.start(v) <= now for v in trip) for trip in trips.values())
    for visit in (visit for trip in trips.values() if trip not in open_trips for visit in trip):
        day.take(visit, visit["arrives"], visit["resources"], 1)
    standing = [[(v, v["arrives"], v["resources"]) for v in trip] for trip in open_trips]
    unfit = [not day.allows(trip) for trip in standing]
    for trip in standing:
        day.take_trip(trip, 1)
    unfit = [bad or day.clashes(trip) for bad, trip in zip(unfit, standing, strict=True)]
    for trip in standing:
        day.take_trip(trip, -1)
    choices = []
    for trip, is_unfit in zip(open_trips, unfit, strict=True):
        first = trip[0]["arrives"]
        times = {first}
        if is_unfit or first > now + notice:
            times |= {t for t in range(0, 1440, doc["grid_minutes"]) if t >= now + notice}
        choices.append(sorted(((day.cost(o), o) for t in times for o in day.options(trip, t)), key=lambda c: c[0]))
    return _least(day, open_trips, choices, (0, 0, 0, 0), (len(visits) + 1, 0, 0, 0))


def wrong_places(doc, before, after, date, *, earliest, now):
    """The ids of visits that break a rule where the repair put them, or were moved to where none may be."""
    day = Day(doc, date)
    placed = [visit for visit in after if not visit["unplaced"]]
    trips = [[(visit, visit["arrives"], visit["resources"])] for visit in placed]
    for trip in trips:
        day.take_trip(trip, 1)
    begun = {visit["id"] for visit in before if day.start(visit) <= now}
    old = {visit["id"]: visit["arrives"] for visit in before}
    wrong = {trip[0][0]["id"] for trip in trips if trip[0][0]["id"] not in begun and day.clashes(trip)}
    wrong |= {
        visit["id"] for trip in trips for visit, *at in trip if visit["id"] not in begun and not day.fits(visit, *at)
    }
    for visit in after:
        if visit["arrives"] != old[visit["id"]]:
            first = min(other["arrives"] for other in after if other["id"] in (visit["id"], visit["trip"]))
            if first < earliest or first % doc["grid_minutes"]:
                wrong.add(visit["id"])
    return wrong


def _least(day, trips, choices, spent, best, *done):
    """The least of `best` and what comes out when the trips after `done` are placed in every way."""
    if spent >= best:
        return best
    if len(done) == len(trips):
        return spent if day.order_holds(trips, done) else best
    for cost, option in choices[len(done)]:
        day.take_trip(option, 1)
        if not day.clashes(option):
            total = tuple(a + b for a, b in zip(spent, cost, strict=True))
            best = _least(day, trips, choices, total, best, *done, option)
        day.take_trip(option, -1)
    unplaced = (spent[0] + len(trips[len(done)]), *spent[1:])
    return _least(day, trips, choices, unplaced, best, *done, None)


class Day:
    def __init__(self, doc, date):
        self.doc = doc
        self.services = {service["id"]: service for service in doc["services"]}
        self.resources = {resource["id"]: resource for resource in doc["resources"]}
        self.used = {}  # (resource or patient, tick) → how many
        self.opens, self.closes = (minute(doc["locations"][0]["hours"][0][key]) for key in ("from", "to"))
        self.off = {
            (resource["id"], tick)
            for resource in doc["resources"]
            for away in resource.get("away", [])
            for tick in range(minute(away["from"][11:]), minute(away["to"][11:]), TICK)
        }
        for block in (entry for entry in doc["visits"] if "resources" in entry):
            for resource in block["resources"]:
                for tick in range(minute(block["from"][11:]), minute(block["to"][11:]), TICK):
                    self.used[resource, tick] = self.used.get((resource, tick), 0) + 1

    def steps(self, visit, arrives, resources):
        service = self.services[visit["service"]]
        lengths = []
        for step in service["steps"]:
            minutes = step["minutes"]
            if isinstance(minutes, dict):
                minutes = minutes.get(resources.get("provider"), minutes["default"])
            lengths.append(minutes)
        first = [step.get("patient", True) for step in service["steps"]].index(True)
        at = arrives - sum(lengths[:first])
        for step, length in zip(service["steps"], lengths, strict=True):
            yield step, at, at + length
            at += length

    def start(self, visit):
        return next(self.steps(visit, visit["arrives"], visit["resources"]))[1]

    def leaves(self, visit, arrives, resources):
        return max(end for step, _, end in self.steps(visit, arrives, resources) if step.get("patient", True))

    def ticks(self, visit, arrives, resources):
        for step, start, end in self.steps(visit, arrives, resources):
            for need in step["needs"]:
                for tick in range(start, end, TICK):
                    yield resources[name_of(need)], tick
        for tick in range(arrives, self.leaves(visit, arrives, resources), TICK):
            yield visit["patient"], tick

    def take(self, visit, arrives, resources, count):
        for key in self.ticks(visit, arrives, resources):
            self.used[key] = self.used.get(key, 0) + count

    def take_trip(self, trip, count):
        for visit, arrives, resources in trip:
            self.take(visit, arrives, resources, count)

    def clashes(self, trip):
        return any(
            self.used[key] > self.resources.get(key[0], {}).get("capacity", 1)
            for visit in trip
            for key in self.ticks(*visit)
        )

    def allows(self, trip):
        """Whether each visit could be there if nothing but blocks and what has begun were in the book."""
        self.take_trip(trip, 1)
        fine = not self.clashes(trip) and all(self.fits(*visit) for visit in trip)
        self.take_trip(trip, -1)
        return fine

    def fits(self, visit, arrives, resources):
        """Whether hours, duty, skills and rooms allow it."""
        for step, start, end in self.steps(visit, arrives, resources):
            if start < self.opens or end > self.closes:
                return False
            chosen = [resources[name_of(need)] for need in step["needs"]]
            if len(set(chosen)) < len(chosen):
                return False
            rooms = [who for who in chosen if self.resources[who]["kind"] == "room"]
            for need, who in zip(step["needs"], chosen, strict=True):
                if not self._qualifies(need, who) or any((who, t) in self.off for t in range(start, end, TICK)):
                    return False
                stands_in = self.resources[who].get("in")
                if stands_in and rooms and stands_in not in rooms:
                    return False
        return True

    def _qualifies(self, need, who):
        resource = self.resources[who]
        return resource["kind"] == need["kind"] and set(need.get("skills", [])) <= set(resource.get("skills", []))

    def options(self, trip, arrives, done=()):
        """Every way to have the trip begin then, its parts one after another."""
        if len(done) == len(trip):
            stays = trip[0]["arrives"] == arrives
            if (stays and any(v["arrives"] != a for v, a, _ in done)) or not self.allows(done):
                return
            yield done
            return
        visit = trip[len(done)]
        needs = {name_of(need): need for step in self.services[visit["service"]]["steps"] for need in step["needs"]}
        pools = []
        for name, need in needs.items():
            fixed = name in visit["asked"] and not self._is_gone(visit, visit["resources"][name])
            pool = [visit["resources"][name]] if fixed else sorted(self.resources)
            pools.append([who for who in pool if self.resources[who]["kind"] == need["kind"]])
        for chosen in product(*pools):
            resources = dict(zip(needs, chosen, strict=True))
            after = self.leaves(*done[-1]) if done else arrives
            yield from self.options(trip, arrives, (*done, (visit, after, resources)))

    def _is_gone(self, visit, resource):
        """Whether the visit could not have it at its time even if nobody else took it."""
        return any(
            not self._qualifies(need, resource) or any((resource, tick) in self.off for tick in range(start, end, TICK))
            for step, start, end in self.steps(visit, visit["arrives"], visit["resources"])
            for need in step["needs"]
            if visit["resources"][name_of(need)] == resource
        )

    def cost(self, option):
        moved = [abs(arrives - visit["arrives"]) for visit, arrives, _ in option]
        changed = sum(
            who != visit["resources"][name] for visit, _, resources in option for name, who in resources.items()
        )
        return (0, sum(by > 0 for by in moved), sum(moved), changed)

    def order_holds(self, trips, done):
        """Whether what came before its dependent visit does so still."""
        now, then = {}, {}
        for trip, option in zip(trips, done, strict=True):
            for number, visit in enumerate(trip):
                now[visit["id"]] = (visit, visit["arrives"], True)
                arrives = visit["arrives"] if option is None else option[number][1]
                then[visit["id"]] = (visit, arrives, option is not None)
        for visit, arrives, is_placed in then.values():
            for rule in self.services[visit["service"]].get("requires", []):
                had, has = (
                    any(
                        other["service"] == rule["before"] and other["patient"] == visit["patient"] and at < when
                        for other, at, _ in book.values()
                    )
                    for book, when in ((now, visit["arrives"]), (then, arrives))
                )
                if is_placed and had and not has:
                    return False
        return True


def name_of(need):
    return need.get("as", need["kind"])


def minute(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
