"""From an event at the hub's door to the change standing in another system, with real processes and HTTP between.

A patient changes in one FHIR server, which rings; the hub asks for the record and tells another FHIR server. Beside it,
in the same run, a script without a hub that is called directly: it reads the record here and writes it there.

python -m benchmarks.webhook_freshness [--small]
"""

import argparse
import hashlib
import hmac
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import httpx

from benchmarks.database import database_cpu, process_cpu
from hub.bootstrap import open_hub, read_practice_folder
from hub.canonical.ids import Kind
from hub.settings import PROJECT, Settings
from tests.peers.processes import free_port, serving
from tests.peers.sandbox import sandbox

KEY = "a-key-of-the-benchmark"
A_SECOND = 20
PATIENTS = 60
AGREEMENTS = """
agreements: [{vendor: Both, systems: [ehr, crm], signed_on: 2020-01-01}]
"""
EHR = """
system: ehr
connector: fhir_r4
base_url: %s
mappings: fhir-r4
streams: {patient: {direction: pull}}
webhooks:
  signature: {scheme: hmac, header: X-Signature, key: {env: EHR_WEBHOOK_KEY}}
  id: event
  type: type
  record: id
  kinds: {patient.changed: patient}
"""
CRM = """
system: crm
connector: fhir_r4
base_url: %s
mappings: fhir-r4
streams: {patient: {direction: push}}
"""


def patient(number: int, name: str) -> dict[str, object]:
    given = {"family": name, "given": [f"Given{number}"]}
    born = f"19{50 + number % 50}-03-{1 + number % 28:02}"
    return {"resourceType": "Patient", "id": f"p{number}", "name": [given], "birthDate": born}


class Watcher:
    """Looks at the other system all the time, and notes when each name first stands there."""

    def __init__(self, server: str) -> None:
        self.seen: dict[str, float] = {}
        self._server = server
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        with httpx.Client(base_url=self._server, trust_env=False) as http:
            while not self._over.is_set():
                found = http.get("/Patient", params={"_sort": "-_lastUpdated", "_count": "60"}).json()
                now = perf_counter()
                for entry in found.get("entry", []):
                    self.seen.setdefault(entry["resource"]["name"][0]["family"], now)
                self._over.wait(0.02)

    def wait_for(self, names: set[str], seconds: float) -> None:
        until = perf_counter() + seconds
        while not names <= self.seen.keys() and perf_counter() < until:
            self._over.wait(0.05)

    def close(self) -> None:
        self._over.set()
        self._thread.join()


def change(ehr: str, crm: str, prefix: str, seconds: int, ring: Callable[[int, str], None]) -> list[float]:
    """Milliseconds of each change, from the ring on."""
    watcher, clock, rung = Watcher(crm), Event(), {}
    with httpx.Client(base_url=ehr, trust_env=False) as http:
        begun = perf_counter()
        for turn in range(seconds * A_SECOND):
            clock.wait(max(0.0, begun + turn / A_SECOND - perf_counter()))
            name = f"{prefix}{turn}"
            http.put(f"/Patient/p{turn % PATIENTS}", json=patient(turn % PATIENTS, name)).raise_for_status()
            rung[name] = perf_counter()
            ring(turn % PATIENTS, name)
    watcher.wait_for(set(rung), 30)
    watcher.close()
    missed = rung.keys() - watcher.seen.keys()
    if missed:
        print(f"  {len(missed)} of {len(rung)} were overtaken by a later change of the same patient, or never came")
    return sorted(1000 * (watcher.seen[name] - at) for name, at in rung.items() if name in watcher.seen)


@contextmanager
def served(folder: Path, home: Path) -> Iterator[tuple[str, Callable[[], tuple[float, float]]]]:
    """The hub, pulled and pushed once, serving; and what it and its database have spent so far, in seconds."""
    settings = Settings(home=home, practice=folder)
    with open_hub(settings, read_practice_folder(settings)) as hub:
        hub.apply_practice()
        hub.pull("ehr", Kind.PATIENT)
        hub.push("crm")
        port = free_port()
        environment = {
            "HUB_HOME": str(home),
            "HUB_PRACTICE": str(folder),
            "HUB_PORT": str(port),
            "EHR_WEBHOOK_KEY": KEY,
        }
        os.environ.update(environment)
        command, url = [sys.executable, "-m", "hub.web"], f"http://127.0.0.1:{port}"
        database = str(hub.engine.url.query["host"])
        with serving(command, f"{url}/healthz", home / "web.log") as process:
            yield url, lambda: (process_cpu(process.pid), database_cpu(database))


def told(what: str, spent: list[float]) -> str:
    p95 = spent[int(len(spent) * 0.95)]
    return f"{what:28} median {statistics.median(spent):6.0f} ms   p95 {p95:6.0f} ms   worst {spent[-1]:6.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a try in seconds")
    seconds = 3 if parser.parse_args().small else 20
    with ExitStack() as stack:
        work = Path(tempfile.mkdtemp(prefix="hub-benchmark-"))
        stack.callback(shutil.rmtree, work, ignore_errors=True)
        folder = work / "practice"
        (folder / "connections").mkdir(parents=True)
        for name in ("ehr", "crm", "home"):
            (work / name).mkdir()
        ehr, crm = (stack.enter_context(sandbox(work / name)) for name in ("ehr", "crm"))
        shutil.copy(PROJECT / "examples" / "juniper" / "practice.yaml", folder)
        (folder / "agreements.yaml").write_text(AGREEMENTS)
        (folder / "connections" / "ehr.yaml").write_text(EHR % ehr)
        (folder / "connections" / "crm.yaml").write_text(CRM % crm)
        with httpx.Client(base_url=ehr, trust_env=False) as http:
            for number in range(PATIENTS):
                http.put(f"/Patient/p{number}", json=patient(number, f"First{number}")).raise_for_status()
        address, spent = stack.enter_context(served(folder, work / "home"))
        client = stack.enter_context(httpx.Client(trust_env=False))

        def by_hub(number: int, name: str) -> None:
            body = json.dumps({"event": name, "type": "patient.changed", "id": f"p{number}"}).encode()
            signature = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
            client.post(f"{address}/webhooks/ehr", content=body, headers={"X-Signature": signature}).raise_for_status()

        def by_script(number: int, _name: str) -> None:
            read = client.get(f"{ehr}/Patient/p{number}").json()
            client.put(f"{crm}/Patient/p{number}", json=read).raise_for_status()

        print(f"{A_SECOND} events a second for {seconds} s")
        change(ehr, crm, "Warm", 1, by_hub)
        before = spent()
        hub = change(ehr, crm, "Hub", seconds, by_hub)
        of_hub, of_database = (
            1000 * (now - then) / seconds / A_SECOND for now, then in zip(spent(), before, strict=True)
        )
        print(told("through the hub", hub))
        print(f"CPU an event: hub {of_hub:.1f} ms, database {of_database:.1f} ms")
        bare = change(ehr, crm, "Bare", seconds, by_script)
        print(told("a script without a hub", bare))
        print(f"ratio of the medians: {statistics.median(hub) / statistics.median(bare):.1f}")


if __name__ == "__main__":
    main()
