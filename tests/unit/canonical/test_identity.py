"""`identity.yaml`: what a score decides."""

import pytest

from hub.canonical.identity import IdentityRules
from hub.documents import parse
from hub.errors import InvalidInput


def test_what_is_not_said_has_a_safe_default() -> None:
    rules = parse("review_from: 0.8\n", "identity.yaml").read_as(IdentityRules)
    assert (rules.merge_from, rules.review_from, rules.score_from_people) == (0.999, 0.8, 500)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("merge_from: 0.5\n", r"identity.yaml:1: merge_from"),
        ("review_from: 0.5\nmerge_form: 0.99\n", r"identity.yaml:2: merge_form"),
        ("merge_from: 0.96\nreview_from: 0.97\n", "review_from is above merge_from"),
        ("score_from_people: 3\n", r"identity.yaml:1: score_from_people"),
    ],
)
def test_what_would_merge_too_much_or_nothing_knows_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse(text, "identity.yaml").read_as(IdentityRules)
