"""The sandbox's own storage: resources and their earlier versions in one SQLite file."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

Resource = dict[str, Any]


class Storage:
    """Resources by type and id; every change has a version and an instant of its own, later than all before it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS resource (type TEXT, id TEXT, version INTEGER, modified_at TEXT, body TEXT,"
            " PRIMARY KEY (type, id, version))"
        )

    def is_empty(self) -> bool:
        """Whether nothing was ever stored."""
        return self._db.execute("SELECT 1 FROM resource LIMIT 1").fetchone() is None

    def current(self, resource_type: str) -> list[Resource]:
        """The current version of every resource of a type, oldest change first."""
        with self._lock, closing(self._db.cursor()) as cursor:
            rows = cursor.execute(
                "SELECT body, max(version) FROM resource WHERE type = ? GROUP BY id ORDER BY modified_at, id",
                (resource_type,),
            ).fetchall()
        return [json.loads(body) for body, _ in rows]

    def read(self, resource_type: str, resource_id: str, version: str | None = None) -> Resource | None:
        """One resource, now or at a version."""
        with self._lock:
            row = self._db.execute(
                "SELECT body FROM resource WHERE type = ? AND id = ? AND (? IS NULL OR version = ?)"
                " ORDER BY version DESC LIMIT 1",
                (resource_type, resource_id, version, version),
            ).fetchone()
        return json.loads(row[0]) if row else None

    def write(self, resource: Resource, now: datetime) -> Resource:
        """Store a new version, or the first one under a new id where it has none, and give it as stored."""
        with self._lock:
            resource_id = resource.get("id") or uuid4().hex
            version, latest = self._db.execute(
                "SELECT coalesce(max(version) FILTER (WHERE type = ? AND id = ?), 0) + 1, max(modified_at)"
                " FROM resource",
                (resource["resourceType"], resource_id),
            ).fetchone()
            meta = {**resource.get("meta", {}), "versionId": str(version), "lastUpdated": _after(now, latest)}
            stored = {**resource, "id": resource_id, "meta": meta}
            self._db.execute(
                "INSERT INTO resource VALUES (?, ?, ?, ?, ?)",
                (resource["resourceType"], resource_id, version, meta["lastUpdated"], json.dumps(stored)),
            )
        return stored

    def remove(self, resource_type: str, resource_id: str) -> None:
        """Forget one resource, as systems do that delete for good."""
        with self._lock:
            self._db.execute("DELETE FROM resource WHERE type = ? AND id = ?", (resource_type, resource_id))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._db.execute("DELETE FROM resource")

    def fill(self, resources: list[Resource], since: datetime) -> None:
        """Store many in one transaction, a second apart from `since` on."""
        self._db.execute("BEGIN")
        for index, resource in enumerate(resources):
            self.write(resource, since + timedelta(seconds=index))
        self._db.execute("COMMIT")


def _after(now: datetime, latest: str | None) -> str:
    floor = datetime.fromisoformat(latest) + timedelta(milliseconds=1) if latest else now
    return max(now, floor).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
