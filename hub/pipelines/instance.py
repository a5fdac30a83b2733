"""Dagster's instance: its runs and events, in `<home>/dagster`."""

import os
from pathlib import Path

import dagster as dg

CONFIGURATION = """\
# Written by the hub at its first run; yours to change from then on.
telemetry:
  enabled: false
nux:  # the web UI's invitations
  enabled: false
compute_logs:  # what a step prints is kept nowhere: a library might print what is personal
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
concurrency:
  pools:  # two runs never pull from one system at once
    default_limit: 1
    granularity: run
  runs:
    max_concurrent_runs: 4
run_monitoring:  # a run whose process died is found, and gives its slot back
  enabled: true
  start_timeout_seconds: 120
  free_slots_after_run_end_seconds: 60
"""


def prepare_home(home: Path) -> None:
    """Make `home` the instance of this process and its children; a `dagster.yaml` that is there stays as it is."""
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(CONFIGURATION, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)


def open_instance(home: Path) -> dg.DagsterInstance:
    """The instance in `home` (absolute), made at its first use. To be closed, as a context manager does."""
    prepare_home(home)
    return dg.DagsterInstance.get()
