"""The published policy: what patients agree to, and from when on."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from hub.canonical.board import BoardLocation
from hub.canonical.practice import Policy, Practice
from hub.scheduling.policy_text import policy_sentences
from hub.web.words import day_words


def policy_values(here: BoardLocation, version: int, practice: Practice, today: date) -> Mapping[str, Any]:
    """The policy in force at `here` on its local date, and those that come after it."""
    return {"here": here, "version": version, "parts": list(_parts(practice, today))}


def _parts(practice: Practice, today: date) -> Iterator[Mapping[str, Any]]:
    in_force = practice.policy_on(today)
    yield _part(practice, in_force, _since(in_force))
    for policy in practice.policies:
        if policy.since is not None and policy.since > today:
            yield _part(practice, policy, f"From {day_words(policy.since)} on")


def _since(policy: Policy) -> str:
    return "In force" if policy.since is None else f"In force since {day_words(policy.since)}"


def _part(practice: Practice, policy: Policy, words: str) -> Mapping[str, Any]:
    return {"words": words, "sentences": policy_sentences(practice, policy)}
