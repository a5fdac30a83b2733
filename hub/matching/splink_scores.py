"""Splink's probabilistic linkage (Fellegi-Sunter, trained on the people themselves) in DuckDB's memory."""

import logging
from collections.abc import Collection, Sequence
from typing import Any

from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink import comparison_library as compare
from splink.internals.blocking_rule_creator import BlockingRuleCreator
from splink.internals.splink_dataframe import SplinkDataFrame

from hub.sync.people.decide import Scores, pair_of
from hub.sync.people.normal import Person
from hub.sync.people.population import count_population

COLUMNS = ("unique_id", "given", "family", "born_on", "born_year", "phone", "email", "street")
BLOCKS = (
    ("phone",),
    ("email",),
    ("born_on", "family"),
    ("born_on", "given"),
    ("given", "family", "born_year"),
    ("family", "street"),
)
"""Whoever agrees on one of these is scored."""
SURE = ("given", "family", "born_on")
"""Most pairs of one person agree on these, and hardly anybody else."""
SURE_RECALL = 0.7
TRAINED_ON = (("born_on",), ("phone",))
"""Whoever agrees on these is used to learn how often the other fields of one person agree."""
SEED = 20
MOST_PAIRS = 3e5
"""Of strangers, by whom it learns how often fields agree by chance."""


def score_people(people: Sequence[Person], least: float) -> Scores:
    """How likely two are one person, of pairs that are at least so likely. The same people give the same scores."""
    logging.getLogger("splink").setLevel(logging.ERROR)  # it tells of its training, values among it
    found = _trained(people).inference.predict(threshold_match_probability=least)
    rows = found.as_duckdbpyrelation().project("unique_id_l, unique_id_r, match_probability").fetchall()
    return {pair_of(one, other): score for one, other, score in rows}


def _trained(people: Sequence[Person]) -> Linker:
    nobodys = count_population(people).contacts
    in_order = sorted(people, key=lambda person: person.id)  # sums of the same numbers in another order are others
    linker = Linker(_table([_row(person, nobodys) for person in in_order]), _settings(), logging.ERROR)
    sure: list[str | BlockingRuleCreator] = [block_on(*SURE)]
    linker.training.estimate_probability_two_random_records_match(sure, recall=SURE_RECALL)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=MOST_PAIRS, seed=SEED, min_count_per_level=None, num_chunks=1
    )
    for columns in TRAINED_ON:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), record_sample_proportion=1.0
        )
    return linker


class _Database(DuckDBAPI):
    """Splink's own makes a list a table by way of Arrow and Pandas, and to load both takes a third of all scoring."""

    def _table_registration(self, input: Any, table_name: str) -> None:  # noqa: A002 Splink's name
        self.duckdb_con.execute(f"CREATE TABLE {table_name} AS SELECT unnest($1, recursive := true)", [input])


def _table(rows: Sequence[tuple[str | None, ...]]) -> SplinkDataFrame:
    """In one thread: what else matches and moves side by side uses the others."""
    database = _Database()
    database.duckdb_con.execute("SET threads = 1")
    columns = ", ".join(f"unnest(CAST(${place} AS text[])) AS {name}" for place, name in enumerate(COLUMNS, 1))
    given = [list(column) for column in zip(*rows, strict=True)]
    database.duckdb_con.execute(f"CREATE TABLE person AS SELECT {columns}", given)
    return database.register("person")


def _settings() -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            compare.JaroWinklerAtThresholds("given", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            compare.JaroWinklerAtThresholds("family", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            # Figures that changed places are two slips: to count them as one takes five times as long.
            compare.LevenshteinAtThresholds("born_on", [1, 2]),
            compare.ExactMatch("phone"),
            compare.ExactMatch("email"),
            compare.ExactMatch("street"),
        ],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKS],
        retain_matching_columns=False,
    )


def _row(person: Person, nobodys: Collection[str]) -> tuple[str | None, ...]:
    """What is known; a contact that too many have is none: two thousand who share it would be two million pairs."""
    born = person.born_on
    known = (
        person.given_name,
        person.family_name,
        born.isoformat() if born else "",
        str(born.year) if born else "",
        "" if person.phone in nobodys else person.phone,
        "" if person.email in nobodys else person.email,
        person.street,
    )
    return (person.id, *(value or None for value in known))
