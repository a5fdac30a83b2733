"""Dagster's GraphQL over HTTP, as its web UI asks it."""

from collections.abc import Collection, Sequence
from threading import Event
from typing import Any

import httpx

POLL_SECONDS = 0.5
_RUN = """
mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_BACKFILL = """
mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_RUN_STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_BACKFILL_STATUS = """
query ($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"""
_LOCATION = {
    "repositoryName": "__repository__",
    "repositoryLocationName": "hub",
    "pipelineName": "__ASSET_JOB",
}


class DagsterUi:
    """What somebody does in the web UI that stands at `address`."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=600)

    def wait(self, seconds: int) -> None:
        """Until it answers.

        Raises:
            AssertionError: it does not.
        """
        for _ in range(int(seconds / POLL_SECONDS)):
            try:
                self._ask("{ version }")
            except httpx.TransportError:
                Event().wait(POLL_SECONDS)
            else:
                return
        raise AssertionError("the web UI does not answer")

    def materialize(self, assets: Sequence[Sequence[str]]) -> str:
        """One run of assets that are not divided; gives how it ended."""
        selected = {**_LOCATION, "assetSelection": [{"path": list(one)} for one in assets], "assetCheckSelection": None}
        params = {"selector": selected, "runConfigData": {}, "mode": "default"}
        launched = self._ask(_RUN, params=params)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        ends = ("SUCCESS", "FAILURE", "CANCELED")
        return self._end(_RUN_STATUS, "runOrError", launched["run"]["runId"], ends)

    def backfill(self, assets: Sequence[Sequence[str]]) -> str:
        """All partitions of assets, a run each, as their dependencies let them; gives how that ended."""
        params = {"assetSelection": [{"path": list(one)} for one in assets], "allPartitions": True}
        launched = self._ask(_BACKFILL, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        ends = ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED", "COMPLETED")
        return self._end(_BACKFILL_STATUS, "partitionBackfillOrError", launched["backfillId"], ends)

    def close(self) -> None:
        """Let its connections go."""
        self._client.close()

    def _end(self, query: str, name: str, id_: str, ends: Collection[str]) -> str:
        while True:
            status = str(self._ask(query, id=id_)[name]["status"])
            if status in ends:
                return status
            Event().wait(POLL_SECONDS)

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = self._client.post("/graphql", json={"query": query, "variables": variables}).json()
        assert not answer.get("errors"), answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data
