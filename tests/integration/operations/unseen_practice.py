"""A practice folder of YAML alone, its vendor's server, and the hub between: what tests of unseen systems need."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from hub.bootstrap import Hub, check_practice_folder
from hub.bootstrap.connected_systems import ConnectedSystems
from hub.canonical.ids import Kind
from hub.canonical.records import Patient, Visit
from hub.operations.pull_changes import PullResult
from hub.operations.push_changes import PushResult
from hub.settings import PROJECT, Settings
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.peers.scripted import Asked, Script, Scripted, scripted

UNSEEN = PROJECT / "tests" / "peers" / "unseen"


@dataclass
class Desk:
    """The hub of such a practice, as its people use it."""

    hub: Hub
    system: str
    server: Scripted
    database: Database

    def pull(self, *kinds: Kind) -> dict[Kind, PullResult]:
        return {kind: self.hub.pull(self.system, kind) for kind in kinds or (Kind.PATIENT, Kind.VISIT)}

    def push(self) -> PushResult:
        return self.hub.push(self.system)

    def patients(self) -> dict[str, Patient]:
        """By the system's id."""
        return self._held(Kind.PATIENT)  # type: ignore[return-value]

    def visits(self) -> dict[str, Visit]:
        """By the system's id."""
        return self._held(Kind.VISIT)  # type: ignore[return-value]

    def save_and_tell(self, record: Patient) -> None:
        """A person made or changed here, with word of it left for the system."""
        with self.hub.store.begin("test") as work:
            work.records.save([record])
            work.outbox.enqueue(self.system, Kind.PATIENT, record.id)

    def make_due(self) -> None:
        """As if the pause after a failed delivery were over."""
        with self.database.owner.begin() as owner:
            owner.execute(text("UPDATE outbox_delivery SET next_try_at = now() - interval '1 minute'"))

    def issues(self) -> list[str]:
        with self.hub.store.begin("test") as work:
            return [f"{issue.kind} {issue.subject_kind} {issue.detail}" for issue in work.issues.find_open()]

    def _held(self, kind: Kind) -> dict[str, object]:
        with self.hub.store.begin("test") as work:
            links = work.links.find_all(self.system, kind)
            found = work.records.load(kind, set(links.values()))
        return {source: found[id_] for source, id_ in links.items()}


def check_folder(name: str, folder: Path, change: Callable[[Path], None]) -> None:
    """As `hub config check`, after `change` of each file beside the connection and of the connection."""
    shutil.copytree(UNSEEN / name / "practice", folder)
    for file in sorted((folder / "connections").iterdir()):
        change(file)
    check_practice_folder(Settings(practice=folder))


def _nobody(asked: Asked) -> bytes:
    raise AssertionError(f"nobody is asked over HTTP: {asked.target}")


@contextmanager
def unseen_practice(
    name: str, serve: Script | None, database: Database, folder: Path, secret: str = "pa55", **more: str
) -> Iterator[Desk]:
    """The vendor's server runs, if it has one; the practice file is in force; nothing is pulled yet.

    Args:
        name: of its folder and its system.
        serve: None: it is nothing that is asked over HTTP.
        database: the hub's.
        folder: where its practice folder is put.
        secret: its connection's.
        more: further secrets, by name.
    """
    shutil.copytree(UNSEEN / name / "practice", folder, dirs_exist_ok=True)
    with scripted(serve or _nobody) as server:
        for file in (folder / "connections").glob("*.yaml"):
            file.write_text(file.read_text().replace("http://127.0.0.1:8000", server.url))
        secrets = folder / "secrets.yaml"
        secrets.write_text(json.dumps({name: {"secret": secret, **more}}))
        secrets.chmod(0o600)
        checked = check_practice_folder(Settings(practice=folder))
        assert not [file for file in folder.rglob("*") if file.is_file() and file.suffix not in (".yaml", ".graphql")]
        systems = ConnectedSystems(checked, PROJECT / "mappings")
        hub = Hub(database.engine, SqlStore(database.engine), systems)
        hub.apply_practice()
        yield Desk(hub, name, server, database)
