"""A second opinion on `series`: every way to choose the days, tried in order, on the raw file.

It imports nothing from the hub and remembers nothing between two tries. Sessions taken so far are listed as visits.
"""

from datetime import date, timedelta

from tests.properties.scheduling.oracle import World, openings, printed


def series(doc, action):
    """The arrivals as the format prints them, or None."""
    found = extended(doc, action, [])
    return None if found is None else [printed(doc["zone"], minute) for minute in found]


def extended(doc, action, done):
    service = next(entry for entry in doc["services"] if entry["id"] == action["service"])
    rule = service.get("series", {})
    if len(done) == action.get("sessions", rule.get("sessions")):
        return done
    world = with_sessions(doc, action, done)
    for day in dates(action["start"], action["until"]):
        if done:
            last = date.fromisoformat(printed(doc["zone"], done[-1])[:10])
            if day < last or (day - last).days > rule.get("max_days", 10**6):
                continue
        trip = {
            key: action[key] for key in ("service", "patient", "package", "with", "channel", "option") if key in action
        }
        first = openings(world, trip | {"from": day.isoformat(), "until": day.isoformat()})[:1]
        whole = extended(doc, action, done + first) if first else None
        if whole is not None:
            return whole
    return None


def dates(first, last):
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        yield day
        day += timedelta(days=1)


def with_sessions(doc, action, done):
    """The file with these sessions as visits that have paid by the package. Only sole candidates are busy."""
    service = next(entry for entry in doc["services"] if entry["id"] == action["service"])
    kinds = {need["kind"] for step in service["steps"] for need in step["needs"]}
    pools = {kind: [entry["id"] for entry in doc["resources"] if entry["kind"] == kind] for kind in kinds}
    filled = {kind: ids[0] for kind, ids in pools.items() if len(ids) == 1}
    sessions = [
        {
            "id": f"session-{number}",
            "patient": action["patient"],
            "service": action["service"],
            "arrives": printed(doc["zone"], minute),
            "with": filled,
        }
        for number, minute in enumerate(done)
    ]
    packages = [
        entry | {"credits": entry["credits"] - (len(done) if entry["id"] == action.get("package") else 0)}
        for entry in doc.get("packages", [])
    ]
    return World(doc | {"visits": [*doc.get("visits", []), *sessions], "packages": packages})
