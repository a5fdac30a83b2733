"""When two names mean one service, and which writing is the proper one."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sync.names import follows_pattern, plain, service_key
from tests.legacy.catalog import make_catalog


@pytest.mark.parametrize(
    "other",
    [
        "BOTOX 20U FOREHEAD",
        "botox  20u \u2013 forehead",
        "Botox 20 u - Forehead ",
        "Botox 20u\u2014forehead",
        "Bot\u00f6x 20u - forehead",
        "bo-tox 20u forehead",
        "Botox\u00a020u - forehead",
        "Botox 20 Units - forehead",
    ],
)
def test_ways_to_write_one_service_are_one(other: str) -> None:
    assert service_key(other) == service_key("Botox 20u - forehead")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Botox\u2122 10u - lip flip", "Botox 10u - lip flip"),
        ("Xeomin\u00ae 50u - chin", "Xeomin 50u - chin"),
        ("Juvederm .5 mL - lips", "Juvederm 0.5ml - lips"),
        ("Juvederm 1.0ml - chin", "Juvederm 1 cc - chin"),
        ("Tirzepatide 2.50mg - weekly", "Tirzepatide 2,5 mg - weekly"),
        ("V.I. Peel - Precision", "VI Peel - precision"),
        ("Morpheus 8 - Face and Neck", "Morpheus8 - face & neck"),
    ],
)
def test_marks_points_and_figures_may_be_written_in_several_ways(one: str, other: str) -> None:
    assert service_key(one) == service_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Botox 20u - forehead", "Botox 40u - forehead"),
        ("Filler 0.5ml - lips", "Filler 5ml - lips"),
        ("Filler .5ml - lips", "Filler 5ml - lips"),
        ("Filler.5ml - lips", "Filler 5ml - lips"),
        ("Tirzepatide 2.5mg - weekly", "Tirzepatide 25mg - weekly"),
        ("Botox 1,200u - face", "Botox 12u - face"),
        ("Laser - 1-2 areas", "Laser - 12 areas"),
        ("Laser - 1 2", "Laser - 12"),
        ("Peel 20% - face", "Peel 20 - face"),
        ("Facial", "Facial+"),
        ("Botox 20u - forehead", "Dysport 20u - forehead"),
    ],
)
def test_what_differs_in_a_figure_or_a_letter_is_another(one: str, other: str) -> None:
    assert service_key(one) != service_key(other)


@given(st.text())
def test_the_key_of_a_key_is_itself(name: str) -> None:
    assert service_key(service_key(name)) == service_key(name)
    assert plain(plain(name)) == plain(name)


@pytest.mark.parametrize("seed", range(20))
def test_every_writing_of_a_made_catalog_finds_its_sku_and_no_other(seed: int) -> None:
    catalog = make_catalog(Random(seed))
    skus = {service_key(row.sku): row.sku for row in catalog}
    assert len(skus) == len({row.sku for row in catalog})
    assert all(skus[service_key(row.name)] == row.sku for row in catalog)


@pytest.mark.parametrize("name", ["Botox 20u - forehead", "HydraFacial - signature", "IPL photofacial - full face"])
def test_the_pattern_is_recognised(name: str) -> None:
    assert follows_pattern(name)


@pytest.mark.parametrize(
    "name",
    [
        "BOTOX 20U FULL FACE",
        "BOTOX - FACE",
        "botox 20u - forehead",
        "Botox 20 u - forehead",
        "Botox 20u \u2013 forehead",
        "Botox  20u - forehead",
        "Botox 20u - forehead ",
        "Botox 20u -forehead",
        "Botox 20u forehead",
        "Botox - 20u - forehead",
        " - ",
        "",
    ],
)
def test_what_strays_from_the_pattern_is_seen(name: str) -> None:
    assert not follows_pattern(name)
