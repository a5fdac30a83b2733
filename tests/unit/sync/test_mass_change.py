"""How much of a feed is too much at once."""

import pytest

from hub.sync.mass_change import MassChangeLimit, Upheaval


@pytest.mark.parametrize(
    ("linked", "touched", "is_mass"),
    [(1000, 200, False), (1000, 201, True), (100, 49, False), (100, 50, True), (49, 49, False), (50, 50, True)],
)
def test_more_than_the_share_and_at_least_fifty_are_a_mass(linked, touched, is_mass):
    assert Upheaval(linked, changed=touched).is_mass(MassChangeLimit()) == is_mass
    assert Upheaval(linked, gone=touched).is_mass(MassChangeLimit()) == is_mass


def test_what_changes_and_what_goes_count_together():
    assert Upheaval(1000, changed=101, gone=100).is_mass(MassChangeLimit())
