"""The Redis broker, over which Dagster's runs go to workers (Celery). Imported only where there is one.

A worker that dies gives nothing back. So what it was given counts as taken only when it is done (late acknowledgement),
and after a lease another worker is given it. That one leaves alone what somebody began, and says that it is over: this
is how a lost run is known.
"""

import os
import warnings
from collections.abc import Mapping
from typing import Any, Self

import dagster as dg
import typer
from celery import Celery
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._serdes import ConfigurableClassData
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tasks import create_execute_job_task, create_resume_job_task
from dagster_shared import check
from redis import Redis
from redis.exceptions import RedisError

from hub.errors import NeedsAttention, Problem
from hub.pipelines.instance import prepare_home
from hub.settings import Settings, read_settings

_LOOK_SECONDS = 5
"""So often a worker looks whether the lease of another one is over."""
_PING_SECONDS = 2


class WorkerLauncher(CeleryRunLauncher):
    """Hands runs to workers, as the environment says; as `run_launcher` of a dagster.yaml it needs no configuration."""

    @classmethod
    def of(cls, settings: Settings, inst_data: ConfigurableClassData | None = None) -> Self:
        """For the broker of the settings."""
        url = require_broker(settings)
        return cls("dagster", url, url, config_source=_options(settings), inst_data=inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """As Dagster does, which tells Celery the same task anew for each run; Celery 5.7 warns of that."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Task name 'execute_job' is already registered")
            super().launch_run(context)

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """As Celery says; but where a worker is done with a run that has no end, it is not the one who began it."""
        found = super().check_run_worker_health(run)
        now = check.not_none(self._instance.get_run_by_id(run.run_id))
        if found.status is WorkerStatus.SUCCESS and not now.is_finished:
            return CheckRunHealthResult(WorkerStatus.FAILED, "The worker that began it is gone.")
        return found

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:  # noqa: ARG003
        """See Dagster's ConfigurableClass."""
        return cls.of(read_settings(), inst_data)


def work(settings: Settings) -> None:
    """Do one run after the other until SIGTERM; the one in hand is finished first.

    A thread of this process does it (no fork: the libraries that it loads do not survive one), so that the process dies
    as a whole. Who wants more at once starts more.
    """
    import hub.pipelines.definitions  # noqa: F401, PLC0415 - seconds, which the first run would take beside its own

    prepare_home(settings.dagster_home)
    app: Celery = WorkerLauncher.of(settings).celery
    create_execute_job_task(app)
    create_resume_job_task(app)
    name = f"--hostname=hub-{os.getpid()}@%h"
    typer.echo("Asking the broker for work. Ctrl-C stops, when what is in hand is done.")
    app.worker_main(["--quiet", "worker", "--pool=threads", "--concurrency=1", name, "--loglevel=WARNING"])


def count_workers(launcher: WorkerLauncher) -> int:
    """How many workers answer within two seconds; one that is busy answers, too."""
    return len(launcher.celery.control.ping(timeout=_PING_SECONDS))


def require_broker(settings: Settings) -> str:
    """The broker's address, when it answers.

    Raises:
        NeedsAttention: there is none, or it does not answer; it is not told, for it may hold a password.
    """
    if settings.broker_url is None:
        hint = "Set it to redis://HOST:6379/0, here and for every worker"
        raise NeedsAttention(Problem("there is no broker to ask for work", field="HUB_BROKER_URL", hint=hint))
    try:
        with Redis.from_url(settings.broker_url, socket_timeout=10) as broker:
            broker.ping()
    except (RedisError, ValueError):
        hint = "Start Redis there, or mend the address"
        raise NeedsAttention(Problem("the broker does not answer", field="HUB_BROKER_URL", hint=hint)) from None
    return settings.broker_url


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "worker_redirect_stdouts": False,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": settings.broker_lease_seconds,
            "unacked_restore_interval": _LOOK_SECONDS,
            "unacked_restore_throttle": 1,
        },
    }
