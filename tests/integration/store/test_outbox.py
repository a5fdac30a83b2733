"""Deliveries go out in order per record, are never lost, and never block other records."""

import threading

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.ports import Delivery, Sent
from hub.store.outbox import SqlOutbox
from hub.store.unit_of_work import SqlStore

EHR = "juniper-ehr"


def _enqueue(store: SqlStore, *ids: str) -> None:
    with store.begin("test") as work:
        for one in ids:
            work.outbox.enqueue(EHR, Kind.VISIT, one)


def _lease(store: SqlStore, limit: int = 50) -> tuple[Delivery, ...]:
    with store.begin("test") as work:
        return work.outbox.lease(EHR, limit=limit)


def _let_time_pass(owner: Engine, column: str) -> None:
    """The clock is the database's, so time passes by moving what waits for it."""
    with owner.begin() as connection:
        connection.execute(text(f"UPDATE outbox_delivery SET {column} = now() WHERE {column} IS NOT NULL"))


def test_the_second_of_a_record_waits_for_the_first(store: SqlStore) -> None:
    _enqueue(store, "v1", "v1", "v2")
    first = _lease(store)
    assert [(one.canonical_id, one.sequence) for one in first] == [("v1", 1), ("v2", 1)]
    assert _lease(store) == ()
    with store.begin("test") as work:
        work.outbox.mark_sent(first[0], Sent("a1", "hash"))
    assert [(one.canonical_id, one.sequence) for one in _lease(store)] == [("v1", 2)]


def test_keys_name_the_record_and_its_place_in_order(store: SqlStore) -> None:
    _enqueue(store, "v1", "v2")
    assert [one.idempotency_key for one in _lease(store)] == [f"{EHR}:visit:v1:1", f"{EHR}:visit:v2:1"]


def test_a_lease_that_ran_out_is_taken_over_and_its_holder_can_no_longer_answer(store: SqlStore, owner: Engine) -> None:
    _enqueue(store, "v1")
    (lost,) = _lease(store)
    _let_time_pass(owner, "lease_until")
    (taken,) = _lease(store)
    assert (taken.id, taken.idempotency_key, taken.attempts) == (lost.id, lost.idempotency_key, 2)
    with store.begin("test") as work:
        work.outbox.mark_sent(lost, Sent("a", "h"))
        work.outbox.mark_failed(lost, "late")
        work.outbox.mark_dead(lost, "too late")
        assert work.outbox.count(EHR) == {"leased": 1}
        work.outbox.mark_sent(taken, Sent("a", "h"))
        assert work.outbox.count(EHR) == {"sent": 1}


def test_a_failed_delivery_waits_longer_each_time_and_dies_at_last(store: SqlStore, owner: Engine) -> None:
    _enqueue(store, "v1", "v1")
    waits = []
    pause = text("SELECT extract(epoch FROM next_try_at - now()) FROM outbox_delivery WHERE id = :id")
    for _ in range(12):
        (delivery,) = _lease(store)
        with owner.begin() as connection:  # in which no time passes
            outbox = SqlOutbox(connection)
            outbox.mark_failed(delivery, "no answer")
            if delivery.attempts < 12:
                assert outbox.lease(EHR) == ()
            waits.append(float(connection.execute(pause, {"id": delivery.id}).scalar_one()))
        if delivery.attempts < 12:
            _let_time_pass(owner, "next_try_at")
    for attempt, wait in enumerate(waits[:-1], start=1):
        assert 0.5 * min(3600, 2**attempt) <= wait <= 1.5 * min(3600, 2**attempt)
    with store.begin("test") as work:
        assert work.outbox.count(EHR) == {"dead": 1, "pending": 1}
    assert [one.sequence for one in _lease(store)] == [2]  # the dead one lets the next go on


def test_a_system_that_says_when_is_asked_no_sooner(store: SqlStore, owner: Engine) -> None:
    _enqueue(store, "v1")
    with store.begin("test") as work:
        work.outbox.mark_failed(work.outbox.lease(EHR)[0], "busy", after_seconds=7200)
    with owner.connect() as connection:
        late = connection.execute(text("SELECT next_try_at > now() + interval '7100 seconds' FROM outbox_delivery"))
        assert late.scalar_one() is True


def test_a_dead_delivery_can_be_replayed_once(store: SqlStore) -> None:
    _enqueue(store, "v1")
    (delivery,) = _lease(store)
    with store.begin("test") as work:
        work.outbox.mark_dead(delivery, "the system refuses it")
        assert work.outbox.replay(delivery.id)
        assert not work.outbox.replay(delivery.id)
    (again,) = _lease(store)
    assert (again.id, again.attempts) == (delivery.id, 1)


def test_the_newest_confirmed_state_is_found(store: SqlStore) -> None:
    _enqueue(store, "v1", "v1")
    with store.begin("test") as work:
        assert work.outbox.find_last_sent(EHR, Kind.VISIT, ["v1"]) == {}
        for n in (1, 2):
            work.outbox.mark_sent(work.outbox.lease(EHR)[0], Sent("a1", f"hash{n}"))
        assert work.outbox.find_last_sent(EHR, Kind.VISIT, ["v1"]) == {"v1": Sent("a1", "hash2")}
        assert work.outbox.find_last_sent("other", Kind.VISIT, ["v1"]) == {}


def test_a_delivery_of_an_operation_that_fails_was_never_there(store: SqlStore) -> None:
    with pytest.raises(ZeroDivisionError), store.begin("test") as work:  # noqa: PT012 the operation fails as a whole
        work.outbox.enqueue(EHR, Kind.VISIT, "v1")
        raise ZeroDivisionError
    assert _lease(store) == ()


def test_workers_at_once_share_the_deliveries_without_a_second_of_any(store: SqlStore) -> None:
    _enqueue(store, *(f"v{n % 20}" for n in range(100)))
    sent: list[tuple[str, int]] = []

    def work_off() -> None:
        while True:
            with store.begin("test") as work:
                leased = work.outbox.lease(EHR, limit=3)
            for one in leased:
                sent.append((one.canonical_id, one.sequence))
                with store.begin("test") as work:
                    work.outbox.mark_sent(one, Sent(None, "h"))
            with store.begin("test") as work:
                if work.outbox.count(EHR).get("pending", 0) == 0:
                    return

    workers = [threading.Thread(target=work_off) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(sent) == len(set(sent)) == 100
    for visit in {visit for visit, _ in sent}:
        assert [sequence for one, sequence in sent if one == visit] == [1, 2, 3, 4, 5]
