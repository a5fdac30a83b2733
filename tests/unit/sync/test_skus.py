"""One SKU a service."""

from itertools import permutations

import pytest

from hub.canonical.ids import ServiceId
from hub.canonical.records import Service
from hub.sync.names import service_key
from hub.sync.skus import Skus, decide_skus


def service(number: int, name: str, *, active: bool = True) -> tuple[str, Service]:
    return f"S{number}", Service(id=ServiceId(f"svc_{number}"), sku=name, name=name, active=active)


PROPER = "Botox 20u - forehead"


def kept(*services: tuple[str, Service], preferred: tuple[str, ...] = ()) -> str:
    """The one that is kept, whatever the order in which they come."""
    answers = {_keeper(decide_skus(order, preferred)) for order in permutations(services)}
    assert len(answers) == 1
    return answers.pop()


def _keeper(skus: Skus) -> str:
    (keeper,) = set(skus.kept.values())
    archived = {one.id for one in skus.services if one.archived}
    assert archived == {one.id for one in skus.services} - {keeper}
    assert {one.sku for one in skus.services} == {one.name for one in skus.services if one.id == keeper}
    return keeper


def test_the_name_by_the_pattern_is_kept_even_when_it_is_idle_and_late() -> None:
    assert kept(service(1, "BOTOX 20U FOREHEAD"), service(9, PROPER, active=False)) == "svc_9"


def test_of_proper_names_an_active_one_is_kept() -> None:
    assert kept(service(1, PROPER, active=False), service(2, "Botox 20u - Forehead")) == "svc_2"


def test_of_active_proper_names_the_lowest_id_is_kept_by_number() -> None:
    assert kept(service(10, PROPER), service(9, "Botox 20u - Forehead"), service(11, PROPER)) == "svc_9"


def test_what_the_practice_file_names_is_kept_whatever_it_is_called() -> None:
    rows = service(1, PROPER), service(2, "botox 20u forehead", active=False)
    assert kept(*rows, preferred=("svc_2",)) == "svc_2"


def test_other_services_are_left_alone() -> None:
    skus = decide_skus([service(1, PROPER), service(2, "Botox 40u - forehead")])
    assert [one.archived for one in skus.services] == [False, False]


def test_a_name_that_a_person_calls_another_sku_takes_all_its_rows_there_and_a_ring_takes_nobody() -> None:
    rows = [service(1, PROPER), service(2, "Botx 20u - forehead"), service(3, "BOTX 20U FOREHEAD")]
    keys = [service_key(one.name) for _, one in rows]
    skus = decide_skus(rows, same={keys[1]: keys[0]})
    assert set(skus.kept.values()) == {"svc_1"} == {skus.named(one.name) for _, one in rows}
    ring = decide_skus(rows, same={keys[1]: keys[0], keys[0]: keys[1]})
    assert set(ring.kept.values()) == {"svc_1", "svc_2"}


@pytest.mark.parametrize("name", ["???", "", "B20", "Lip filler - Dr. Smith special"])
def test_a_name_that_no_service_has_means_none(name: str) -> None:
    assert decide_skus([service(1, PROPER), service(2, "!!!")]).named(name) is None


def test_any_writing_means_the_kept_service() -> None:
    assert decide_skus([service(1, PROPER), service(2, "BOTOX 20u Forehead")]).named("botox 20 U-forehead") == "svc_1"


def test_a_name_that_a_person_calls_a_standing_service_leads_its_rows_to_that_one_and_its_sku() -> None:
    stands = Service(id=ServiceId("consult"), sku="First talk", name="First  talk")
    rows = [service(1, PROPER), service(2, "Botox 40u - forehead"), service(3, "BOTOX 20U FOREHEAD")]
    skus = decide_skus(rows, standing={service_key(PROPER): stands})
    assert [(one.sku, one.archived) for one in skus.services] == [
        ("First talk", True),
        ("Botox 40u - forehead", False),
        ("First talk", True),
    ]
    assert skus.named("botox 20u forehead") == "consult"
