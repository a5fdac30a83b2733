"""What an import left in the database, in the words of truth.json: plain SQL, none of the hub's own reading."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

Verdicts = dict[str, tuple[str, str | None]]
FEW_PEOPLE = 250
VISITS = text("""
    SELECT link.source_id, visit.start, visit."end", visit.state, service.sku, visit.price_minor
    FROM source_link link JOIN visit ON visit.id = link.canonical_id JOIN service ON service.id = visit.service_id
    WHERE link.kind = 'visit' AND NOT service.archived""")


def told_visits(truth: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Loaded visits: start, end, status, SKU, price."""
    return {
        id_: (
            datetime.fromisoformat(told["start"]),
            datetime.fromisoformat(told["end"]),
            told["status"],
            told["sku"],
            told["price_minor"],
        )
        for id_, told in truth["appointments"].items()
        if told["verdict"] == "loaded"
    }


def found_visits(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """The same from the canonical records."""
    return {row[0]: tuple(row[1:]) for row in connection.execute(VISITS)}


def told_verdicts(truth: Mapping[str, Any], part: str = "appointments") -> Verdicts:
    """Verdict and reason of every row of a part."""
    return {id_: (told["verdict"], told.get("reason")) for id_, told in truth[part].items()}


def found_verdicts(connection: Connection, file: str = "appointments.csv") -> Verdicts:
    """The same from the dispositions; a second one for an id would be an error of the import."""
    rows = connection.execute(
        text("SELECT source_key, verdict, reason FROM current_disposition WHERE file = :file AND verdict <> 'merged'"),
        {"file": file},
    ).all()
    assert len({row.source_key for row in rows}) == len(rows)
    return {row.source_key: (row.verdict, row.reason) for row in rows}


def loaded_of(truth: Mapping[str, Any], part: str, *names: str) -> dict[str, tuple[Any, ...]]:
    """What is told of the rows of a part that are loaded."""
    loaded = {id_: told for id_, told in truth[part].items() if told["verdict"] == "loaded"}
    return {id_: tuple(told[name] for name in names) for id_, told in loaded.items()}


def found_payments(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """Amounts of payments."""
    return _by_source_id(connection, "payment", "record.amount_minor")


def found_packages(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """Sessions left, SKU and last day of packages."""
    sku = "(SELECT sku FROM service WHERE service.id = record.service_id AND NOT archived)"
    left = "record.credits - record.used_before"
    return _by_source_id(connection, "package", f"{left}, {sku}, CAST(record.expires_on AS text)")


def found_lots(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """Product, units on hand, unit and last day of lots, by name."""
    rows = connection.execute(text("SELECT name, product_id, on_hand, unit, CAST(expires_on AS text) FROM lot"))
    return {row[0]: (row[1], float(row[2]), *row[3:]) for row in rows}


def _by_source_id(connection: Connection, kind: str, columns: str) -> dict[str, tuple[Any, ...]]:
    rows = connection.execute(
        text(f"""SELECT link.source_id, {columns} FROM source_link link JOIN {kind} record
            ON record.id = link.canonical_id WHERE link.kind = :kind"""),
        {"kind": kind},
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def merged_rows(connection: Connection) -> Counter[str]:
    """Why → how many rows of any file."""
    merged = "SELECT reason, count(*) FROM current_disposition WHERE verdict = 'merged' GROUP BY reason"
    rows = connection.execute(text(merged))
    return Counter({row[0]: row[1] for row in rows})


def accounted_rows(connection: Connection) -> dict[str, int]:
    """File → rows that have a disposition."""
    rows = connection.execute(text("SELECT file, count(DISTINCT line) FROM current_disposition GROUP BY file"))
    return {row[0].removesuffix(".csv"): row[1] for row in rows}


def landed_rows(connection: Connection) -> dict[str, int]:
    """Kind → source records."""
    return {
        row[0]: row[1] for row in connection.execute(text("SELECT kind, count(*) FROM source_record GROUP BY kind"))
    }


def found_services(connection: Connection) -> dict[str, dict[str, Any]]:
    """Source id → SKU, and whether it is archived."""
    rows = connection.execute(
        text("""SELECT link.source_id, service.sku, service.archived
            FROM source_link link JOIN service ON service.id = link.canonical_id WHERE link.kind = 'service'""")
    )
    return {row[0]: {"sku": row[1], "archive": row[2]} for row in rows}


def linked(connection: Connection, kind: str) -> dict[str, str]:
    """Source id → canonical id of records that are there."""
    rows = connection.execute(
        text(f"""SELECT link.source_id, link.canonical_id FROM source_link link
            JOIN {kind} record ON record.id = link.canonical_id WHERE link.kind = :kind"""),
        {"kind": kind},
    )
    return {row[0]: row[1] for row in rows}


def assert_people(connection: Connection, truth: Mapping[str, Any]) -> None:
    """Nobody is merged with somebody else; nearly all who are one are merged; who may be one waits for a person."""
    told = truth["clients"]
    person = linked(connection, "patient")
    rows_of: dict[str, set[str]] = defaultdict(set)
    for id_, canonical_id in person.items():
        rows_of[canonical_id].add(told[id_]["person"])
    assert [people for people in rows_of.values() if len(people) > 1] == []
    own = {one["person"]: id_ for id_, one in told.items() if one["verdict"] == "own"}
    again = {id_: own[one["person"]] for id_, one in told.items() if one["verdict"] == "merge"}
    missed = {id_: first for id_, first in again.items() if person[id_] != person[first]}
    pairs = connection.execute(text("SELECT first_id, second_id FROM person_pair WHERE state = 'open'"))
    waiting = {frozenset(pair) for pair in pairs}
    if len(told) < FEW_PEOPLE:  # too few to tell a slip from another name by counting: then a person decides
        missed = {id_: first for id_, first in missed.items() if frozenset((person[id_], person[first])) not in waiting}
    assert len(missed) <= len(again) * 0.02, [(id_, told[id_].get("kind")) for id_ in missed]
    unsure = {id_: one["verdict"].split(":") for id_, one in told.items()}
    asked = {id_: own[words[1]] for id_, words in unsure.items() if words[0] == "review"}
    assert {id_ for id_, other in asked.items() if frozenset((person[id_], person[other])) not in waiting} == set()


def source_ids(connection: Connection, canonical_ids: Collection[str]) -> set[str]:
    """What the old system calls these visits."""
    rows = connection.execute(
        text("SELECT source_id FROM source_link WHERE kind = 'visit' AND canonical_id = ANY(:ids)"),
        {"ids": list(canonical_ids)},
    )
    return {row[0] for row in rows}


def everything(connection: Connection) -> dict[str, int]:
    """Table → rows, of all that an import writes; and the revisions of the records, which count changes."""
    tables = "source_record source_link patient provider service resource location visit claim disposition import_batch"
    counts = {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables.split()}
    changes = {
        f"{name} changes": connection.execute(text(f"SELECT coalesce(sum(revision), 0) FROM {name}")).scalar_one()
        for name in ("patient", "visit", "service", "provider")
    }
    return counts | changes
