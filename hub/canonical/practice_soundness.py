"""What a practice folder may not say though it can be read: configuration that could never work as it was meant.

A scenario may say it (a rehearsal of what is refused), and so may a version that is in force already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING

from hub.canonical.practice_checks import policy_places
from hub.canonical.practice_money import find_money_problems
from hub.canonical.practice_policy import OVERRIDABLE
from hub.canonical.practice_services import PROVIDER, Length
from hub.documents import Document, Path, meant
from hub.errors import Problem

if TYPE_CHECKING:
    from hub.canonical.practice import Practice, PracticeService
    from hub.canonical.practice_places import Hours
    from hub.canonical.practice_services import Need

KINDS = frozenset({"provider", "assistant", "room", "device"})
"""The kinds that may be needed though nobody is of them yet; every other word is a kind once a resource has it."""


def find_unsound(practice: Practice, document: Document) -> tuple[Problem, ...]:
    """Every kind, word and rule that leads to a dead end, where it stands in `document`."""
    return (
        *_overlapping_hours(practice, document),
        *_devices_elsewhere(practice, document),
        *_unknown_kinds(practice, document),
        *_unknown_words(practice, document),
        *_unknown_tags(practice, document),
        *_circles(practice, document),
        *_series_apart(practice, document),
        *_impossible_names(practice, document),
        *_unknown_codes(practice, document),
        *find_money_problems(practice, document),
    )


def find_unmet(practice: Practice, document: Document) -> Iterator[Problem]:
    """Notes on skills and certificates that a service asks for and nobody of the kind has (yet, or as it is spelt)."""
    for i, service in enumerate(practice.services):
        for j, step in enumerate(service.steps):
            for k, need in enumerate(step.needs):
                of_kind = [one for one in practice.resources if one.kind == need.kind]
                skills = {skill for one in of_kind for skill in one.skills}
                codes = {each.code for one in of_kind for each in one.certifications}
                where: Path = ("services", i, "steps", j, "needs", k)
                for skill in sorted(need.skills - skills):
                    yield document.problem((*where, "skills"), _unmet(need, skill), meant(skill, sorted(skills)))
                if need.certification is not None and need.certification not in codes:
                    hint = meant(need.certification, sorted(codes))
                    yield document.problem((*where, "certification"), _unmet(need, need.certification), hint)


def find_unasked(practice: Practice, document: Document) -> Iterator[Problem]:
    """Notes on kinds of the practice's own that no service asks for, and on lengths by who never decides them."""
    asked = {need.kind for service in practice.services for step in service.steps for need in step.needs}
    for i, resource in enumerate(practice.resources):
        if resource.kind not in KINDS | asked:
            message = f"no service asks for the kind {resource.kind!r}, so nothing is booked with {resource.id!r}"
            yield document.problem(("resources", i, "kind"), message, meant(resource.kind, sorted(KINDS | asked)))
    for i, service in enumerate(practice.services):
        kinds = {need.kind for step in service.steps for need in step.needs if need.name == PROVIDER}
        for path, length in _lengths(service):
            for id_ in length if isinstance(length, dict) else ():
                holder = practice.find_resource(id_)
                if holder is not None and holder.kind not in kinds:
                    message = f"{id_!r} never fills the name `provider` here, so this length is never used"
                    hint = "Name who does, or call that need `as: provider`"
                    yield document.problem(("services", i, *path, id_), message, hint)


def _lengths(service: PracticeService) -> Iterator[tuple[Path, Length]]:
    yield from ((("steps", j, "minutes"), step.minutes) for j, step in enumerate(service.steps))
    for j, option in enumerate(service.options):
        yield from ((("options", j, "minutes", name), length) for name, length in option.minutes.items())


def _unmet(need: Need, word: str) -> str:
    return f"no {need.kind} has {word!r}: until one has, this cannot be booked"


def _overlapping_hours(practice: Practice, document: Document) -> Iterator[Problem]:
    stated: list[tuple[Path, tuple[Hours, ...] | None]] = [
        *((("locations", i), location.hours) for i, location in enumerate(practice.locations)),
        *((("resources", i), resource.hours) for i, resource in enumerate(practice.resources)),
    ]
    for path, hours in stated:
        for number in _overlaps(hours or ()):
            where = (*path, "hours", number)
            yield document.problem(where, "these hours overlap others of the same day", "Make them one stretch")


def _overlaps(hours: Sequence[Hours]) -> list[int]:
    """The numbers of the entries that share minutes of a day with an earlier one."""
    return sorted(
        {
            later
            for (_, a), (later, b) in combinations(enumerate(hours), 2)
            if set(a.days) & set(b.days) and a.starts < b.ends and b.starts < a.ends and _share_dates(a, b)
        }
    )


def _share_dates(a: Hours, b: Hours) -> bool:
    starts = max(a.since or date.min, b.since or date.min)
    return starts <= min(a.until or date.max, b.until or date.max)


def _devices_elsewhere(practice: Practice, document: Document) -> Iterator[Problem]:
    for i, resource in enumerate(practice.resources):
        room = practice.find_resource(resource.fixed_in or "")
        if room is not None and practice.location_of(room) != practice.location_of(resource):
            here = practice.location_of(resource)
            message = f"there is no room {room.id!r} at {here!r}, where {resource.id!r} is"
            hint = f"Give both the same `location`; the room is at {practice.location_of(room)!r}"
            yield document.problem(("resources", i, "in"), message, hint)


def _unknown_kinds(practice: Practice, document: Document) -> Iterator[Problem]:
    known = KINDS | {resource.kind for resource in practice.resources}
    for i, service in enumerate(practice.services):
        for j, step in enumerate(service.steps):
            for k, need in enumerate(step.needs):
                if need.kind not in known:
                    where: Path = ("services", i, "steps", j, "needs", k, "kind")
                    hint = f"Kinds are: {', '.join(sorted(known))}; or add a resource of this one"
                    yield document.problem(where, f"no resource is of the kind {need.kind!r}", hint)


def _unknown_words(practice: Practice, document: Document) -> Iterator[Problem]:
    known = {word for service in practice.services for word in (service.id, *service.tags)}
    for i, service in enumerate(practice.services):
        named = [("spacing", "after", rule.after) for rule in service.spacing]
        named += [("requires", "before", rule.before) for rule in service.requires]
        for number, (key, word_key, word) in enumerate(named):
            if word not in known:
                j = number if key == "spacing" else number - len(service.spacing)
                message = f"no service has the id or tag {word!r}"
                yield document.problem(("services", i, key, j, word_key), message, "Mend its spelling, or add the tag")


def _unknown_tags(practice: Practice, document: Document) -> Iterator[Problem]:
    known = {tag for service in practice.services for tag in service.tags}
    for i, form in enumerate(practice.consents):
        for tag in sorted(form.tags - known):
            message = f"no service has the tag {tag!r}"
            yield document.problem(("consents", i, "tags"), message, "Mend its spelling, or add the tag")


def _circles(practice: Practice, document: Document) -> Iterator[Problem]:
    """Services whose prerequisites can never come first, however long one waits."""
    reachable = _reachable(practice.services)
    for i, service in enumerate(practice.services):
        for j, rule in enumerate(service.requires):
            before = [other for other in practice.services if other.answers_to(rule.before)]
            if service.id not in reachable and before and not any(other.id in reachable for other in before):
                message = (
                    f"{service.id!r} and {rule.before!r} wait for each other in a circle: none can be booked first"
                )
                hint = "Take out one of the `requires`"
                yield document.problem(("services", i, "requires", j, "before"), message, hint)


def _series_apart(practice: Practice, document: Document) -> Iterator[Problem]:
    """Sessions that their own spacing keeps further apart than their series lets them be."""
    for i, service in enumerate(practice.services):
        most = service.series.max_days if service.series is not None else None
        for j, rule in enumerate(service.spacing):
            if most is not None and rule.min_days > most and service.answers_to(rule.after):
                message = f"{service.id!r} waits {rule.min_days} days for itself, and its series at most {most}"
                where: Path = ("services", i, "spacing", j, "min_days")
                yield document.problem(where, message, "Raise `max_days` of the series, or lower this")


def _reachable(services: Sequence[PracticeService]) -> set[str]:
    """The services that a new patient can come to, by whatever way. An unknown word is another problem."""
    words = {word for service in services for word in (service.id, *service.tags)}
    reached: set[str] = set()
    while True:
        open_words = {word for service in services if service.id in reached for word in (service.id, *service.tags)}
        found = {
            service.id
            for service in services
            if all(rule.before in open_words or rule.before not in words for rule in service.requires)
        }
        if found <= reached:
            return reached
        reached |= found


def _impossible_names(practice: Practice, document: Document) -> Iterator[Problem]:
    """Names whose needs contradict each other: of two kinds, or somebody asked for who is of another kind."""
    for i, service in enumerate(practice.services):
        wanted: dict[str, list[tuple[Path, Need]]] = {}
        for j, step in enumerate(service.steps):
            for k, need in enumerate(step.needs):
                where: Path = ("services", i, "steps", j, "needs", k)
                wanted.setdefault(str(where) if need.present else need.name, []).append((where, need))
        for found in wanted.values():
            yield from _contradictions(practice, document, found)


def _contradictions(practice: Practice, document: Document, found: list[tuple[Path, Need]]) -> Iterator[Problem]:
    """The first need of a name that leaves nobody, by kind and by who is asked for."""
    left = {resource.id for resource in practice.resources}
    for where, need in found:
        before = left
        of_kind = {one.id for one in practice.resources if one.kind == need.kind} or left
        left = left & of_kind & ({need.id} if need.id else left) & set(need.any_of or left)
        if before and not left:
            message = f"nobody can fill {need.name!r}: this asks for a {need.kind}" + _asked(need)
            hint = "Say one kind for a name (`as` gives another name), and resources of that kind"
            yield document.problem(where, message, hint)
            return


def _asked(need: Need) -> str:
    asked = [need.id] if need.id else list(need.any_of or ())
    return f", and for {' or '.join(map(repr, asked))}" if asked else ", another need of the name for something else"


def _unknown_codes(practice: Practice, document: Document) -> Iterator[Problem]:
    for path, policy in policy_places(practice, document):
        for role, codes in policy.overrides.items():
            for code in sorted(codes - OVERRIDABLE):
                message = f"{code!r} can never be passed over"
                yield document.problem((*path, "overrides", role), message, meant(code, sorted(OVERRIDABLE)))
