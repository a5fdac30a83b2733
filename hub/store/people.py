"""Who is one person: the queue of pairs, and the merges that stand."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.ports.people import Merged, NewMerge, PairState, PersonPair
from hub.store.bulk import stage
from hub.store.driver import run_text
from hub.store.merging import find_dependants, lead_back, lead_to_survivors
from hub.store.moment import Moment
from hub.store.records import SqlRecords
from hub.store.tables import person_pair
from hub.sync.lineage import read_lineage
from hub.sync.people.blocks import BEGINNING
from hub.sync.people.decide import Match, Pair, pair_of
from hub.sync.people.normal import normal_person

_HOUSE = re.compile(r"\d+")
_STANDING = text("SELECT id FROM patient WHERE merged_into IS NULL")
# One mailbox, or one house; a street that begins with no number may be any.
_TIED = r"""(translate(lower(substring(p.email FROM '[^+@]*')), '.', '') = n.mailbox
        OR p.street <> '' AND n.house IN ('', coalesce(substring(p.street FROM '^\W*(\d+)'), n.house)))"""
# Only those of whom the rules may make something where nobody scores: who shares a birth date and the whole name, or a
# part of it and a tie; or the whole name and a tie. A little too wide, since the rules compare normal forms: names that
# are not in plain letters are always found.
_LIKE = text(f"""
    WITH new AS (
        SELECT * FROM unnest(CAST(:births AS date[]), CAST(:given_names AS text[]), CAST(:family_names AS text[]),
            CAST(:givens AS text[]), CAST(:families AS text[]), CAST(:mailboxes AS text[]), CAST(:houses AS text[]))
        AS n (born_on, given_name, family_name, given, family, mailbox, house))
    SELECT p.id FROM new n JOIN patient p ON p.born_on = n.born_on AND p.merged_into IS NULL
    CROSS JOIN LATERAL (SELECT concat(p.given_name, p.family_name)) AS written (name)
    CROSS JOIN LATERAL (SELECT translate(lower(written.name), ' ''-.,`', '')) AS plain (name)
    WHERE written.name ~ '[^ -~]' OR strpos(plain.name, n.given) > 0 AND strpos(plain.name, n.family) > 0
        OR (strpos(plain.name, left(n.given, {BEGINNING})) > 0 OR strpos(plain.name, left(n.family, {BEGINNING})) > 0)
        AND {_TIED}
    UNION SELECT p.id FROM new n
    JOIN patient p ON lower(p.family_name) = lower(n.family_name) AND lower(p.given_name) = lower(n.given_name)
        AND p.merged_into IS NULL AND {_TIED}
    UNION SELECT id FROM patient WHERE merged_into IS NULL AND phone = ANY(CAST(:phones AS text[]))
    UNION SELECT id FROM patient WHERE merged_into IS NULL AND email = ANY(CAST(:emails AS text[]))""")  # noqa: S608
_SETTLED = text("""
    SELECT first_id, second_id FROM person_pair
    WHERE state = 'separate' AND (:all OR first_id = ANY(:ids) OR second_id = ANY(:ids))""")
_SURVIVORS = text("""
    WITH RECURSIVE chain AS (
        SELECT id, merged_into FROM patient WHERE id = ANY(:ids) AND merged_into IS NOT NULL
        UNION ALL SELECT c.id, p.merged_into FROM chain c JOIN patient p ON p.id = c.merged_into
        WHERE p.merged_into IS NOT NULL)
    SELECT id, merged_into FROM chain c
    WHERE NOT EXISTS (SELECT FROM patient p WHERE p.id = c.merged_into AND p.merged_into IS NOT NULL)""")
_OPEN = """
    INSERT INTO person_pair AS p (first_id, second_id, rule, codes, score)
    SELECT first_id, second_id, rule, codes, score FROM staged_person_pair
    ON CONFLICT (first_id, second_id) DO UPDATE
        SET rule = excluded.rule, codes = excluded.codes, score = coalesce(excluded.score, p.score),
            state = 'open', decided_at = NULL, decided_by = NULL, reason = NULL
        WHERE p.state = 'merged' OR p.state = 'open' AND (p.rule, p.codes, p.score)
            IS DISTINCT FROM (excluded.rule, excluded.codes, coalesce(excluded.score, p.score))
    RETURNING p.xmax = 0 AS is_new"""
_PAIRS = """
    SELECT id, first_id, second_id, state, rule, codes, score, opened_at, decided_by, reason FROM person_pair"""
_FIND = text(f"{_PAIRS} WHERE id = :id")
_FIND_OPEN = text(f"{_PAIRS} WHERE state = 'open' ORDER BY score DESC NULLS LAST, id LIMIT :limit")
_COUNT = text("SELECT count(*) FROM person_pair WHERE state = 'open'")
_DECIDE = text("""
    INSERT INTO person_pair AS p (first_id, second_id, state, rule, decided_at, decided_by, reason)
    VALUES (:first, :second, :state, 'decided', :now, :actor, :reason)
    ON CONFLICT (first_id, second_id) DO UPDATE SET state = excluded.state, decided_at = excluded.decided_at,
        decided_by = excluded.decided_by, reason = excluded.reason""")
_MERGES = """
    SELECT id, survivor_id, merged_id, rule, merged_at, before, after, moved, origins_before
    FROM person_merge
    WHERE undone_at IS NULL"""
_MERGES_BY_NUMBER = text(f"{_MERGES} AND id = ANY(:ids) ORDER BY id")
_MERGES_BY = text(f"{_MERGES} AND actor = :actor ORDER BY id")
_MERGES_OF = text(f"{_MERGES} AND (survivor_id = :id OR merged_id = :id) ORDER BY id")


class SqlPeople:
    """`hub.ports.people.People`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def load_all(self) -> dict[str, Patient]:
        """See the port."""
        return self._load(self._connection.execute(_STANDING).scalars().all())

    def load_like(self, patients: Sequence[Patient]) -> dict[str, Patient]:
        """See the port."""
        people = [normal_person(one) for one in patients]
        values = {
            "births": [one.born_on for one in people],
            "given_names": [one.given_name for one in patients],
            "family_names": [one.family_name for one in patients],
            "givens": [next(iter(one.given), None) for one in people],
            "families": [next(iter(one.family), None) for one in people],
            "mailboxes": [one.email.partition("@")[0].replace(".", "") or None for one in people],
            "houses": [_house(one.street) for one in people],
            "phones": list({one.phone for one in patients} - {None}),
            "emails": list({one.email for one in patients} - {None}),
        }
        return self._load([row.id for row in run_text(self._connection, _LIKE, values)])

    def find_settled(self, ids: Collection[str] | None = None) -> frozenset[Pair]:
        """See the port."""
        rows = run_text(self._connection, _SETTLED, {"all": ids is None, "ids": list(ids or ())})
        return frozenset((row.first_id, row.second_id) for row in rows)

    def find_survivors(self, ids: Collection[str]) -> dict[str, str]:
        """See the port."""
        return {row.id: row.merged_into for row in self._connection.execute(_SURVIVORS, {"ids": list(ids)})}

    def open_pairs(self, matches: Sequence[Match]) -> int:
        """See the port."""
        last = {match.pair: match for match in matches}
        if not last:
            return 0
        columns = ("first_id", "second_id", "rule", "codes", "score")
        rows = ((*pair, match.rule, list(match.codes), match.score) for pair, match in sorted(last.items()))
        staged = stage(self._connection, person_pair, columns, rows)
        return sum(row.is_new for row in staged.execute(self._connection, _OPEN))

    def find_pair(self, pair_id: int) -> PersonPair | None:
        """See the port."""
        row = self._connection.execute(_FIND, {"id": pair_id}).one_or_none()
        return None if row is None else _pair(row)

    def find_open(self, limit: int | None = None) -> tuple[PersonPair, ...]:
        """See the port."""
        return tuple(_pair(row) for row in self._connection.execute(_FIND_OPEN, {"limit": limit}))

    def count_open(self) -> int:
        """See the port."""
        count: int = self._connection.execute(_COUNT).scalar_one()
        return count

    def decide(self, first: str, second: str, state: PairState, *, actor: str, reason: str | None) -> None:
        """See the port."""
        pair = dict(zip(("first", "second"), pair_of(first, second), strict=True))
        values = {**pair, "state": state, "now": self._moment.now, "actor": actor, "reason": reason}
        self._connection.execute(_DECIDE, values)

    def merge(
        self, merges: Sequence[NewMerge], *, actor: str, reason: str | None = None, batch_id: int | None = None
    ) -> dict[str, Merged]:
        """See the port."""
        if not merges:
            return {}
        numbers = lead_to_survivors(self._connection, merges, actor=actor, reason=reason, batch_id=batch_id)
        survivors = {str(one.survivor.id): one for one in merges}
        origins = {id_: one.origins for id_, one in survivors.items()}
        SqlRecords(self._connection).save([one.survivor for one in survivors.values()], origins=origins)
        return {merge.merged_id: merge for merge in self._find_merges(numbers)}

    def find_merge(self, merge_id: int) -> Merged | None:
        """See the port."""
        return next(iter(self._find_merges([merge_id])), None)

    def find_merges(self, patient_id: str) -> tuple[Merged, ...]:
        """See the port."""
        return tuple(_merged(row) for row in self._connection.execute(_MERGES_OF, {"id": patient_id}))

    def find_merges_by(self, actor: str) -> tuple[Merged, ...]:
        """See the port."""
        return tuple(_merged(row) for row in self._connection.execute(_MERGES_BY, {"actor": actor}))

    def find_dependants(self, merge: Merged) -> tuple[str, ...]:
        """See the port."""
        return find_dependants(self._connection, merge)

    def unmerge(self, merge: Merged, survivor: Patient | None, *, actor: str, reason: str | None) -> tuple[str, ...]:
        """See the port."""
        visits = lead_back(self._connection, merge, now=self._moment.now, actor=actor, reason=reason)
        if survivor is not None:
            SqlRecords(self._connection).save([survivor], origins={str(survivor.id): merge.origins_before})
        return visits

    def _find_merges(self, numbers: Sequence[int]) -> list[Merged]:
        return [_merged(row) for row in self._connection.execute(_MERGES_BY_NUMBER, {"ids": list(numbers)})]

    def _load(self, ids: Sequence[str]) -> dict[str, Patient]:
        found: Mapping[str, Any] = SqlRecords(self._connection).load(Kind.PATIENT, ids)
        return {id_: record for id_, record in found.items() if isinstance(record, Patient)}


def _house(street: str) -> str | None:
    """The number that a street begins with, or an empty text; None where there is no street."""
    number = _HOUSE.match(street)
    return number[0] if number else "" if street else None


def _pair(row: Row[Any]) -> PersonPair:
    match = Match(row.first_id, row.second_id, row.rule, tuple(row.codes), row.score)
    return PersonPair(row.id, match, row.state, row.opened_at, row.decided_by, row.reason)


def _merged(row: Row[Any]) -> Merged:
    origins = read_lineage(row.origins_before, row.merged_at, {}).fields
    said = row.before, row.after, row.moved
    return Merged(row.id, row.survivor_id, row.merged_id, row.rule, row.merged_at, *said, origins)
