"""A second opinion on who is offered a freed time: minute by minute, on the raw file. It imports nothing from the hub.

Every name has one candidate, so that there is no choice of resources to agree on.
"""

from tests.properties.scheduling.oracle import World, openings, printed


def offers(doc, waiting, cancelled):
    """(patient, arrival as printed) of each offer, in the order of joining, when that listed visit is called off."""
    before = World(doc)
    visits = [visit for visit in doc["visits"] if visit["id"] != cancelled]
    made = []
    for number, action in enumerate(waiting):
        known = set(openings(before, action))
        after = World(doc | {"visits": visits})
        freed = [minute for minute in openings(after, action) if minute not in known]
        if freed:
            made.append((action["patient"], printed(doc["zone"], freed[0])))
            visits = [*visits, held(doc, action, freed[0], number)]
    return made


def held(doc, action, minute, number):
    """The offer as a booked visit: it takes the same."""
    service = next(entry for entry in doc["services"] if entry["id"] == action["service"])
    kinds = {need["kind"] for step in service["steps"] for need in step["needs"]}
    return {
        "id": f"offer-{number}",
        "patient": action["patient"],
        "service": action["service"],
        "arrives": printed(doc["zone"], minute),
        "with": {kind: next(entry["id"] for entry in doc["resources"] if entry["kind"] == kind) for kind in kinds},
    }
