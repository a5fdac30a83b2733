"""What a connector registers to be held to the suite: a practice folder, and a system whose people a test can touch.

A new connector writes a class of five small methods (`line.Sandbox`) and adds a line to SANDBOXES and to FAULTS.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import yaml
from sqlalchemy import text

from hub.bootstrap import Hub, check_practice_folder
from hub.bootstrap.connected_systems import ConnectedSystems
from hub.canonical.ids import Kind, PatientId, mint
from hub.canonical.records import Patient
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.webhooks import WebhookRequest
from hub.settings import PROJECT, Settings
from hub.store.unit_of_work import SqlStore
from tests.conformance.in_files import HarborlineFolder, HarborlineSftp
from tests.conformance.in_tables import TidewaterFile, TidewaterServer
from tests.conformance.line import Line, Sandbox
from tests.conformance.over_http import FhirSandbox, MirrorlakeSandbox, OstreaSandbox, VelouraSandbox
from tests.database import Database
from tests.integration.operations.unseen_practice import UNSEEN, Desk
from tests.peers.scripted import scripted

Place = Callable[[str], Any]
"""Gives a fixture of the test by its name."""
HOOK = "h00k-t0ken"
PATIENCE = {"timeout_seconds": 300, "whole_seconds": 600}
"""So long a busy machine may take for an answer."""
SANDBOXES: Mapping[str, Callable[[Place], Sandbox]] = {
    "rest_counted": lambda _place: OstreaSandbox(),
    "rest_keyed": lambda _place: VelouraSandbox(),
    "graphql": lambda _place: MirrorlakeSandbox(),
    "fhir_r4": lambda place: FhirSandbox(place("sandbox_server")),
    "sql_file": lambda place: TidewaterFile(place("tmp_path")),
    "sql_server": lambda place: TidewaterServer(place("database")),
    "files": lambda place: HarborlineFolder(place("tmp_path") / "exchange"),
    "files_sftp": lambda place: HarborlineSftp(place("tmp_path") / "exchange", *place("sftp_servers")),
}


@dataclass
class Opened(Desk):
    """The hub of the sandbox's practice, and the line to the system."""

    sandbox: Sandbox
    line: Line

    def names(self) -> dict[str, str]:
        """Id there → name here, of all who are active here."""
        return {id_: str(one.given_name) for id_, one in self.patients().items() if one.active}

    def active(self) -> list[str]:
        """The ids here of all who are active, whatever number of ids they have there."""
        return sorted({one.id for one in self.patients().values() if one.active})

    def ring(self, type_: str, id_: str, into: str | None = None) -> None:
        """The system posts an event, and it is looked after."""
        body = json.dumps({"type": type_, "id": id_, "into": into}).encode()
        request = WebhookRequest("POST", "", {"x-hook": HOOK}, body)
        self.hub.doorbell.receive(self.system, request)
        self.hub.exchange.work_inbox(self.system)

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Within it the hub waits for the system no longer than a moment; without it for longer than a test takes."""
        connection = self.hub.folder.connection(self.system)
        limits = connection.limits.model_copy(update={"timeout_seconds": 2, "whole_seconds": 3})
        changed = {self.system: connection.model_copy(update={"limits": limits})}
        with patch.dict(cast("dict[str, Connection]", self.hub.folder.connections), changed):
            yield

    def waiting(self) -> int:
        """How many deliveries are not done."""
        with self.database.owner.connect() as owner:
            found = owner.execute(text("SELECT count(*) FROM outbox_delivery WHERE state <> 'sent'"))
            return int(found.scalar_one())

    def tell(self, name: str) -> Patient:
        """Somebody is made here, and the system is to be told."""
        made = Patient(id=PatientId(mint(Kind.PATIENT)), given_name=name, family_name="Roe")
        self.save_and_tell(made)
        return made


@contextmanager
def opened(
    sandbox: Sandbox,
    database: Database,
    folder: Path,
    sees: Mapping[str, Any],
    *,
    writes: bool = True,
    visits: Mapping[str, Any] | None = None,
    **more: Any,
) -> Iterator[Opened]:
    """The system behind its line, and the practice, whose stream of people sees as `sees` says; `more` of its keys.

    `visits` is how the stream of visits sees.
    """
    own = Path(__file__).parent / "practices" / sandbox.name
    shutil.copytree(own if own.exists() else UNSEEN / sandbox.name / "practice", folder)
    sandbox.line = line = Line(sandbox)
    with scripted(line.serve) as server, sandbox.joined():
        file = folder / "connections" / f"{sandbox.name}.yaml"
        said = yaml.safe_load(file.read_text().replace("http://127.0.0.1:8000", server.url))
        stream = said["streams"]["patient"]
        stream |= {"sees": dict(sees), **more}
        if visits is not None:
            said["streams"]["visit"]["sees"] = dict(visits)
        if said["connector"] == "files":
            _of_files(stream, writes=writes)
        said |= {
            **sandbox.changes,
            "limits": {**said.get("limits", {}), **PATIENCE, **sandbox.changes.get("limits", {})},
        }
        said["webhooks"] = {
            "signature": {"scheme": "token", "header": "X-Hook", "token": {"file": "secrets.yaml", "key": "hook"}},
            "type": "type", "record": "id", "kinds": {"person.*": "patient"}, "deleted": ["person.gone"],
            "merged": {"person.merged": "into"},
        }  # fmt: skip
        file.write_text(json.dumps(said))
        secrets = folder / "secrets.yaml"
        secrets.write_text(json.dumps({sandbox.name: {"secret": sandbox.secret}, "hook": HOOK}))
        secrets.chmod(0o600)
        checked = check_practice_folder(Settings(practice=folder))
        hub = Hub(database.engine, SqlStore(database.engine), ConnectedSystems(checked, PROJECT / "mappings"))
        hub.apply_practice()
        yield Opened(hub, sandbox.name, server, database, sandbox, line)


def _of_files(stream: dict[str, Any], *, writes: bool) -> None:
    """Files list everybody by themselves; who is missing is gone only where the hub leaves nobody there itself."""
    stream["sees"].pop("sweep", None)
    if not writes:
        del stream["files"]["write"]
