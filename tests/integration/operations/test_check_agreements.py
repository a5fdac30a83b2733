"""Nothing personal moves without an agreement, whichever way it would go, and a person hears of what is due."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from hub.bootstrap import Hub, read_practice_folder
from hub.bootstrap.connected_systems import ConnectedSystems
from hub.canonical.ids import Kind
from hub.errors import NeedsAttention, RetryLater
from hub.governance.agreements import Agreements
from hub.operations.check_agreements import check_agreement
from hub.settings import Settings
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.fhir_practice import ZONE, ehr
from tests.peers.processes import PROJECT, free_port


def agreed(text: str) -> Agreements:
    return Agreements.model_validate({"agreements": [{"vendor": "EHR", "systems": ["juniper-ehr"], "signed_on": text}]})


def open_issues(store: SqlStore) -> set[tuple[str, str]]:
    with store.begin("test") as work:
        return {(issue.kind, issue.subject_id) for issue in work.issues.find_open()}


def test_what_is_withheld_waits_for_a_person_until_the_agreement_is_entered(store: SqlStore) -> None:
    with pytest.raises(NeedsAttention, match="of a patient: there is no business associate agreement"):
        check_agreement(store, Agreements(), ehr(), [Kind.PATIENT, Kind.VISIT], ZONE)
    assert open_issues(store) == {("no_agreement", "juniper-ehr")}
    with store.begin("test") as work:
        signed_on = work.now.astimezone(ZONE).date()
    check_agreement(store, agreed(signed_on.isoformat()), ehr(), [Kind.PATIENT], ZONE)
    assert open_issues(store) == set()


def test_what_is_not_personal_moves_without_an_agreement(store: SqlStore) -> None:
    check_agreement(store, Agreements(), ehr(), [Kind.LOCATION, Kind.RESOURCE], ZONE)
    assert open_issues(store) == set()


def test_an_overdue_review_is_an_issue_and_no_refusal(store: SqlStore) -> None:
    check_agreement(store, agreed("2020-01-01"), ehr(), [Kind.PATIENT, Kind.VISIT], ZONE)
    assert open_issues(store) == {("agreement_review", "juniper-ehr")}


def test_the_day_is_the_practices_own(store: SqlStore) -> None:
    far = [ZoneInfo("Etc/GMT-14"), ZoneInfo("Etc/GMT+12")]
    with store.begin("test") as work:
        ahead, behind = (work.now.astimezone(zone).date() for zone in far)
    assert ahead > behind
    check_agreement(store, agreed(ahead.isoformat()), ehr(), [Kind.PATIENT], far[0])
    with pytest.raises(NeedsAttention, match="not in force yet"):
        check_agreement(store, agreed(ahead.isoformat()), ehr(), [Kind.PATIENT], far[1])


@pytest.mark.parametrize(
    "move",
    [
        lambda hub: hub.pull("juniper-ehr", Kind.PATIENT),
        lambda hub: hub.push("juniper-ehr"),
        lambda hub: hub.import_export("juniper-legacy"),
    ],
    ids=["pull", "push", "import"],
)
def test_every_way_in_and_out_asks_before_it_opens_the_system(
    move: Callable[[Hub], object], store: SqlStore, engine: Engine
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    settings = Settings(practice=PROJECT / "examples" / "juniper", connection_urls={"juniper-ehr": nobody})
    folder = read_practice_folder(settings)
    hub = Hub(engine, store, ConnectedSystems(replace(folder, agreements=Agreements()), settings.mappings))
    with pytest.raises(NeedsAttention, match="nothing was moved"):
        move(hub)


def test_a_vendors_calendar_is_not_opened_without_the_agreement(store: SqlStore, engine: Engine) -> None:
    settings = Settings(practice=PROJECT / "examples" / "juniper")
    folder = replace(read_practice_folder(settings), agreements=Agreements())
    hub = Hub(engine, store, ConnectedSystems(folder, settings.mappings))
    with pytest.raises(NeedsAttention, match="nothing was moved"):
        hub.desk.outside.open_calendar("juniper-ehr")


def test_with_the_agreement_the_system_itself_is_asked(store: SqlStore, engine: Engine) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    settings = Settings(practice=PROJECT / "examples" / "juniper", connection_urls={"juniper-ehr": nobody})
    hub = Hub(engine, store, ConnectedSystems(read_practice_folder(settings), settings.mappings))
    hub.apply_practice()
    with pytest.raises(RetryLater, match="no connection"):
        hub.pull("juniper-ehr", Kind.PATIENT)


def test_whoever_serves_stops_on_the_day_on_which_an_agreement_is_over(engine: Engine) -> None:
    now = datetime(2026, 3, 12, 18, tzinfo=UTC)
    store = SqlStore(engine, clock=lambda _connection: now)
    settings = Settings(practice=PROJECT / "examples" / "juniper")
    vendor = {"vendor": "EHR", "systems": ["juniper-ehr"], "signed_on": "2020-01-01", "until": "2026-03-12"}
    agreements = Agreements.model_validate({"agreements": [vendor]})
    folder = replace(read_practice_folder(settings), agreements=agreements)
    exchange = Hub(engine, store, ConnectedSystems(folder, settings.mappings)).exchange

    def push_something(id_: str) -> None:
        with store.begin("test") as work:
            work.outbox.enqueue("juniper-ehr", Kind.VISIT, id_)
        exchange.exchange("juniper-ehr")

    push_something("one-that-is-gone")
    push_something("another")
    now += timedelta(days=1)
    with pytest.raises(NeedsAttention, match="nothing was moved"):
        push_something("a-third")
