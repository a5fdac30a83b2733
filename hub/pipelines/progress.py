"""A run told line by line while it goes."""

import logging
from collections.abc import Callable

import dagster as dg

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
        numbers = ", ".join(f"{name} {value.value}" for name, value in made.metadata.items())
        return f"  {made.asset_key.to_user_string():<28} {numbers}".rstrip()
    if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        return f"    {'ok  ' if check.passed else 'FAIL'} {check.check_name}"
    if event.is_step_failure:
        return f"  {event.step_key or '':<28} FAILED: {_reason(event)}"
    return None


def _reason(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    if error is None:
        return "no reason given"
    told = error.cause if error.cause and error.cause.cls_name == "Failure" else error
    return told.message.split(": ", 1)[-1].strip()
