"""A FHIR server that only has searches, and makes each page when it is asked for it: so many patients and visits.

As a program it prints its port, serves until its input ends, and says what it was asked:
`python -m benchmarks.static_fhir PATIENTS VISITS [REQUESTS_A_SECOND]`
"""

import json
import sys
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from urllib.parse import parse_qs, urlsplit

GIVEN = ("Ada", "Bela", "Cora", "Dina", "Elsa", "Fay", "Gwen", "Hope", "Iris", "Joan")
FAMILY = ("Abbott", "Barlow", "Castle", "Draper", "Ellery", "Fenwick", "Garner", "Holloway", "Ingram", "Jasper")
PROVIDERS = ("lee", "lopez", "tran", "adams")
ROOMS = ("room-1", "room-2", "facial", "laser")
SERVICES = ("BTX-FOREHEAD", "JUV-LIPS", "HF-SIGNATURE", "IPL-FACE")
FIRST = datetime(2016, 1, 4, 15, tzinfo=UTC)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
BORN, BIRTHS = date(1945, 1, 1), 22_000
"""Sixty years of birth dates: about five of a hundred thousand people share each."""
A_DAY = 16
"""Visits of a provider on a day."""


def patient(n: int) -> dict[str, object]:
    area, line = 200 + n // 10_000 % 700, n % 10_000
    return {
        "resourceType": "Patient",
        "id": f"p{n}",
        "meta": {"versionId": "1", "lastUpdated": _text(SINCE + timedelta(milliseconds=n))},
        "active": True,
        "name": [{"use": "official", "family": f"{FAMILY[n // 10 % 10]}{n // 100}", "given": [GIVEN[n % 10]]}],
        "telecom": [
            {"system": "phone", "value": f"+1{area}555{line:04}", "use": "mobile"},
            {"system": "email", "value": f"p{n}@example.com"},
        ],
        "gender": "female",
        "birthDate": (BORN + timedelta(days=n * 7919 % BIRTHS)).isoformat(),
        "address": [{"use": "home", "line": [f"{n} Elm St"], "city": "Austin", "state": "TX", "postalCode": "78701"}],
    }


def visit(n: int, patients: int) -> dict[str, object]:
    """Each provider's visits follow one another, so that none overlap."""
    who, place = n % 4, n // 4
    start = FIRST + timedelta(days=place // A_DAY, minutes=30 * (place % A_DAY))
    actors = (f"Patient/p{n * 7919 % patients}", f"Practitioner/{PROVIDERS[who]}", f"Location/{ROOMS[who]}")
    return {
        "resourceType": "Appointment",
        "id": f"a{n}",
        "meta": {"versionId": "1", "lastUpdated": _text(SINCE + timedelta(milliseconds=n))},
        "status": "fulfilled",
        "serviceType": [{"coding": [{"code": SERVICES[who]}]}],
        "start": _text(start),
        "end": _text(start + timedelta(minutes=30)),
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in actors],
    }


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Allowance:
    """So many requests in any second; None: as many as come."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._moments: deque[float] = deque()
        self._began = self._ended = monotonic()
        self.answered = self.refused = 0

    def takes(self) -> bool:
        with self._lock:
            now = monotonic()
            while self._moments and self._moments[0] <= now - 1:
                self._moments.popleft()
            if self._most is not None and len(self._moments) >= self._most:
                self.refused += 1
                return False
            self._began = self._began if self.answered else now
            self._moments.append(now)
            self._ended = now
            self.answered += 1
            return True

    def told(self) -> str:
        if self._most is None:
            return f"{self.answered} requests"
        could = self._most * (self._ended - self._began) + self._most
        return f"{self.answered} requests, {self.answered / could:.1%} of the allowance; {self.refused} refused"


class Server(ThreadingHTTPServer):
    """Says nothing of a client that was killed."""

    def handle_error(self, *_: object) -> None:
        pass


def serve(patients: int, visits: int, takes: Callable[[], bool] = lambda: True) -> ThreadingHTTPServer:
    """A server on a free port; what it does not take it refuses with 429."""

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if not takes():
                self.send_response(429)
                self.send_header("retry-after", "1")
                self.send_header("content-length", "0")
                self.end_headers()
                return
            asked = urlsplit(self.path)
            params = {name: values[0] for name, values in parse_qs(asked.query).items()}
            kind = asked.path.strip("/")
            total = {"Patient": patients, "Appointment": visits}.get(kind, 0)
            start, size = int(params.get("_from", "0")), int(params.get("_count", "100"))
            if "_lastUpdated" in params and "_from" not in params:
                since = datetime.fromisoformat(params["_lastUpdated"][2:])
                start = max(0, round((since - SINCE) / timedelta(milliseconds=1)))
            numbers = range(start, min(start + size, total))
            found = [patient(n) if kind == "Patient" else visit(n, patients) for n in numbers]
            links = []
            if start + size < total:
                port = self.server.server_address[1]
                rest = f"http://127.0.0.1:{port}/{kind}?_from={start + size}&_count={size}"
                links = [{"relation": "next", "url": rest}]
            bundle = {
                "resourceType": "Bundle", "type": "searchset", "link": links, "entry": [{"resource": r} for r in found]
            }  # fmt: skip
            body = json.dumps(bundle).encode()
            self.send_response(200)
            self.send_header("content-type", "application/fhir+json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Server(("127.0.0.1", 0), Pages)


if __name__ == "__main__":
    allowance = Allowance(int(sys.argv[3]) if len(sys.argv) > 3 else None)
    server = serve(int(sys.argv[1]), int(sys.argv[2]), allowance.takes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    server.shutdown()
    print(allowance.told())
