"""A run told line by line while it goes."""

import logging
from collections.abc import Callable

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

Tell = Callable[[str], None]


def progress_logger(tell: Tell) -> dg.LoggerDefinition:
    """A Dagster logger that says of every asset, check and failure one line, and nothing of the rest."""

    def make(_context: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("hub.progress", logging.DEBUG)  # noqa: LOG001 - one for each run, and known to nobody else
        logger.addHandler(_Teller(tell))
        return logger

    return dg.LoggerDefinition(make, description="One line for each asset, check and failure.")


class _Teller(logging.Handler):
    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        line = line_of(event) if isinstance(event, dg.DagsterEvent) else None
        if line:
            self._tell(line)


def line_of(event: dg.DagsterEvent) -> str | None:
    """What a reader wants to know of one event; None for the many that only Dagster needs."""
    if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
        made = event.step_materialization_data.materialization
        numbers = ", ".join(f"{name} {value.value}" for name, value in made.metadata.items() if value.value)
        made_of = " ".join(part for part in (made.asset_key.to_user_string(), made.partition) if part)
        return f"  {made_of:<32} {numbers or 'nothing to do'}"
    if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        return f"    {'ok  ' if check.passed else 'FAIL'} {check.check_name}"
    if event.is_step_failure:
        return f"  {event.step_key or '':<28} FAILED: {_reason(event.step_failure_data.error)}"
    if event.is_run_failure and event.job_failure_data.first_step_failure_event is None:
        return f"  FAILED before its steps: {_reason(event.job_failure_data.error)}"
    return None


def _reason(error: SerializableErrorInfo | None) -> str:
    """What the innermost error says, without the name of its class."""
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.split(": ", 1)[-1].strip() if error else "no reason given"
