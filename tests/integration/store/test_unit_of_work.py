"""Units of work that many threads of one process ask for at once."""

from threading import Barrier, Event, Thread

from hub.store.turns import Turns
from hub.store.unit_of_work import SqlStore
from tests.database import Database

LONG = 60.0


def test_units_in_turn_wait_for_each_other_without_a_connection(database: Database) -> None:
    store = SqlStore(database.engine)
    store._turns = Turns(2, LONG)
    begun, may_end = Barrier(3), Event()
    done: list[int] = []

    def work(number: int) -> None:
        with store.begin("test", in_turn=True):
            if number < 2:
                begun.wait(LONG)
                may_end.wait(LONG)
            done.append(number)

    threads = [Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    begun.wait(LONG)
    third = Thread(target=work, args=(2,))
    third.start()
    while not (store._turns._waiting or done):
        third.join(0.001)
    try:
        with store.begin("test"):  # one that is not in turn does not wait for them
            assert database.engine.pool.checkedout() == 3  # type: ignore[attr-defined]  # those of a QueuePool
            assert done == []
    finally:
        may_end.set()
        for thread in [*threads, third]:
            thread.join()
    assert sorted(done) == [0, 1, 2]
