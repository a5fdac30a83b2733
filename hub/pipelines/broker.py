"""The Redis broker, over which Dagster's runs go to workers (Celery). Imported only where there is one.

A worker that dies gives nothing back. While it does a run, a session of its own in the hub's database shows that it is
alive (`hub.store.life_signs`): a run that was begun and that nobody does is lost, and known as that at once. Beside it,
what a worker was given counts as taken only when it is done (late acknowledgement), and after a lease another one is
given it, who leaves alone what somebody began and says that it is over.
"""

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, Self

import dagster as dg
import typer
from celery import Celery
from celery.signals import task_postrun, task_prerun
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs, ResumeRunArgs
from dagster._serdes import ConfigurableClassData, unpack_value
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tasks import create_execute_job_task, create_resume_job_task
from dagster_shared import check
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine

from hub.bootstrap.migrating import open_store
from hub.errors import NeedsAttention, Problem
from hub.pipelines.instance import prepare_home
from hub.settings import Settings, read_settings
from hub.store.life_signs import is_alive, sign_of_life

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

    @cached_property
    def _database(self) -> Engine:
        """Of the hub, where workers show that they are alive."""
        return self._opened.enter_context(open_store(read_settings()))[1]

    @cached_property
    def _opened(self) -> ExitStack:
        return ExitStack()

    def dispose(self) -> None:
        """Let the database go, if it was asked."""
        self._opened.close()
        super().dispose()

    def launch_run(self, context: LaunchRunContext) -> None:
        """As Dagster does, which tells Celery the same task anew for each run; Celery 5.7 warns of that."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Task name 'execute_job' is already registered")
            super().launch_run(context)

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """As Celery says; but a run that was begun, has no end and is in nobody's hands has lost its worker.

        Whoever is given it after the lease is done with it at once, and says so to Celery: that is no end, either.
        """
        found = super().check_run_worker_health(run)
        was_begun = run.status is dg.DagsterRunStatus.STARTED or found.status is WorkerStatus.SUCCESS
        if not was_begun:
            return found
        is_in_hand = is_alive(self._database, run.run_id)
        now = check.not_none(self._instance.get_run_by_id(run.run_id))
        if now.is_finished:
            return found
        if is_in_hand:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "The worker that began it is gone.")

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
    with open_store(settings) as (_store, engine), _signs_of_life(engine):
        typer.echo("Asking the broker for work. Ctrl-C stops, when what is in hand is done.")
        app.worker_main(["--quiet", "worker", "--pool=threads", "--concurrency=1", name, "--loglevel=WARNING"])


@contextmanager
def _signs_of_life(engine: Engine) -> Iterator[None]:
    """While Celery has this process do a run, a session shows it; from before the run begins until after its end."""
    in_hand = ExitStack()

    def take_up(kwargs: Mapping[str, Any], **_: object) -> None:
        (packed,) = kwargs.values()
        in_hand.enter_context(sign_of_life(engine, unpack_value(packed, (ExecuteRunArgs, ResumeRunArgs)).run_id))

    def put_down(**_: object) -> None:
        in_hand.close()

    task_prerun.connect(take_up)
    task_postrun.connect(put_down)
    try:
        yield
    finally:
        task_prerun.disconnect(take_up)
        task_postrun.disconnect(put_down)
        in_hand.close()


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
