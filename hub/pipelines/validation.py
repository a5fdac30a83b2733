"""Great Expectations, pushed down to PostgreSQL: of every expectation it says yes or no, and nothing else.

Importing this file costs seconds: only the step that validates does it.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

import great_expectations as gx
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from sqlalchemy import URL, RowMapping, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DataError

from hub.pipelines.expectations import Expectation
from hub.ports.verifications import CheckState, Total

# Right after an import PostgreSQL has no statistics and takes loops over whole tables for cheap: hence no nested loops.
_OPTIONS = " ".join(
    f"-c {setting}"
    for setting in (
        "role=hub_app",
        "timezone=UTC",
        "default_transaction_read_only=on",
        "enable_nestloop=off",
        "enable_memoize=off",
        "work_mem=64MB",
        "temp_buffers=64MB",
        "jit=off",
        "statement_timeout=600s",
    )
)
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """One expectation judged."""

    state: CheckState
    """`BROKEN`: it could not be judged, which is no better than a failure."""
    unexpected: int | None = None
    """How many rows contradict it, where it failed."""
    examples: tuple[str, ...] = ()
    """A few of them, by keys and numbers: `visit_id vis_5 month 2024-05`."""


class NoUnexpectedRows(UnexpectedRowsExpectation):
    """The library's own, but the rows are only counted: it would fetch them as well, by asking everything twice."""

    metric_dependencies = ("unexpected_rows_query.row_count",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> ExpectationValidationResult | dict[str, Any]:
        counted = {**metrics, "unexpected_rows_query.table": ()}
        return super()._validate(counted, runtime_configuration, execution_engine)


class Judge:
    """A connection to the database on which expectations are judged; what several of them read is read once for all.

    It only reads; no value of a row leaves the database.
    """

    def __init__(self, url: URL, readings: Mapping[str, str]) -> None:
        """As the application, whoever logs in.

        Args:
            url: of the database.
            readings: name → SQL, see `hub.pipelines.readings`.
        """
        given = url.query.get("options", "")
        options = {"options": f"{given if isinstance(given, str) else ' '.join(given)} {_OPTIONS}".strip()}
        target = url.update_query_dict(options).render_as_string(hide_password=False)
        self._source = _context().data_sources.add_postgres("hub", connection_string=target)
        self._readings = readings
        self._engine = self._source.get_execution_engine().engine
        event.listen(self._engine, "connect", self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()
        self._source.get_engine().dispose()

    def validate(self, expectations: Iterable[Expectation]) -> Mapping[str, Outcome]:
        """Judge the expectations, by name."""
        asked = {expectation.name: expectation for expectation in expectations}
        table = self._source.add_table_asset("import_batch", table_name="import_batch")
        batch = table.add_batch_definition_whole_table("all").get_batch()
        suite = gx.ExpectationSuite("imported history", expectations=[_as_gx(each) for each in asked.values()])
        results = batch.validate(suite, result_format="BOOLEAN_ONLY").results
        states = {_name_of(result): _state_of(result) for result in results}
        return {name: self._outcome(asked[name], states[name]) for name in asked}

    def add_up(self, queries: Mapping[str, str]) -> tuple[Total, ...]:
        """The control totals of each kind, as its query gives them; none where the landed text breaks it."""
        return tuple(Total(kind, *row) for kind, query in queries.items() for row in self._rows(query))

    def _read(self, connection: DBAPIConnection, _record: object) -> None:
        """Lay out for a new connection what is read more than once."""
        with closing(connection.cursor()) as cursor:
            cursor.execute("SET TRANSACTION READ WRITE; SET LOCAL default_statistics_target = 10")
            for name, query in self._readings.items():
                cursor.execute(f"CREATE TEMPORARY TABLE {name} AS {query}")
                cursor.execute(f"ANALYZE {name}")
        connection.commit()

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        """None where a text is read that cannot be: what the error says quotes it, and the check will be broken."""
        try:
            with self._engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(query))]
        except DataError:
            return []

    def _outcome(self, expectation: Expectation, state: CheckState) -> Outcome:
        if state is not CheckState.FAILED:
            return Outcome(state)
        contradicting = f"FROM ({expectation.unexpected}) AS unexpected"
        with self._engine.connect() as connection:
            count = connection.execute(text(f"SELECT count(*) {contradicting}")).scalar_one()
            rows = connection.execute(text(f"SELECT * {contradicting} LIMIT {EXAMPLES}"))
            return Outcome(state, int(count), tuple(_told(row) for row in rows.mappings()))


def _context() -> EphemeralDataContext:
    """A context that leaves nothing behind and reports to nobody."""
    configuration = DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
    )
    return gx.get_context(mode="ephemeral", project_config=configuration)


def _as_gx(expectation: Expectation) -> NoUnexpectedRows:
    # The braces name the batch only in a comment: as a table it would be one sub-query in each of ours.
    sql = expectation.unexpected.replace("{", "{{").replace("}", "}}")
    query = f"/* {{batch}} */ SELECT 1 FROM ({sql}) AS unexpected"  # noqa: S608 - our own files, values quoted
    return NoUnexpectedRows(unexpected_rows_query=query, description=expectation.says, meta={"name": expectation.name})


def _name_of(result: ExpectationValidationResult) -> str:
    configuration = result.expectation_config
    assert configuration is not None
    assert isinstance(configuration.meta, dict)
    return str(configuration.meta["name"])


def _state_of(result: ExpectationValidationResult) -> CheckState:
    """Success or not; the exception behind a broken one quotes values, so it is only counted."""
    if result.success:
        return CheckState.OK
    quiet = {"raised_exception": False, "exception_traceback": None, "exception_message": None}
    return CheckState.FAILED if result.exception_info in (None, quiet) else CheckState.BROKEN


def _told(row: RowMapping) -> str:
    return " ".join(f"{name} {value}" for name, value in row.items() if value is not None)
