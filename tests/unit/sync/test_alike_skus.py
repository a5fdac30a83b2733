"""Services whose names are nearly one wait for a person; nothing is guessed."""

from random import Random

import pytest

from hub.canonical.ids import ServiceId
from hub.canonical.records import Service
from hub.sync.alike_skus import find_alike, how_alike
from hub.sync.skus import decide_skus
from tests.legacy.catalog import make_catalog


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("Botox 20u - forehead", "Botx 20u - forehead", "one_letter"),
        ("Botox 20u - forehead", "Forehead Botox 20u", "other_order"),
        ("Laser hair removal - full legs", "LHR - full legs", "shortened"),
        ("HydraFacial - signature", "HydraFacial - signature promo", "one_word_more"),
    ],
)
def test_names_that_are_nearly_one_are_found_and_how(one: str, other: str, how: str) -> None:
    assert how_alike(one, other) == how == how_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Botox 20u - forehead", "BOTOX 20U FOREHEAD"),
        ("Botox 20u - forehead", "Botox 30u - forehead"),
        ("Juvederm 1ml - lips", "Juvederm 0.5ml - lips"),
        ("Botox 20u - forehead", "Botox 20u - glabella"),
        ("Laser - face", "Laser - neck"),
        ("Facial", "Facials"),
        ("Consultation - new patient", "Consultation - follow-up"),
        ("", "???"),
    ],
)
def test_what_is_one_anyway_or_plainly_two_is_not(one: str, other: str) -> None:
    assert how_alike(one, other) is None


def test_another_category_is_another_service() -> None:
    def service(number: int, category: str | None) -> Service:
        name = "Botox 20u - forehead" if number else "Botx 20u - forehead"
        return Service(id=ServiceId(f"svc_{number}"), sku=name, name=name, category=category)

    assert list(find_alike([service(0, "Laser"), service(1, "Injectables")])) == []
    assert [one.how for one in find_alike([service(0, None), service(1, "Injectables")])] == ["one_letter"]


@pytest.mark.parametrize("seed", range(60))
def test_a_made_catalog_becomes_its_skus_and_nothing_of_it_is_alike(seed: int) -> None:
    rows = make_catalog(Random(seed))
    made = [
        Service(id=ServiceId(row.id), sku=row.name, name=row.name, category=row.category, active=row.active)
        for row in rows
    ]
    skus = decide_skus([(row.id, one) for row, one in zip(rows, made, strict=True)])
    assert [(one.sku, one.archived) for one in skus.services] == [(row.sku, row.archive) for row in rows]
    assert list(find_alike(skus.services)) == []
