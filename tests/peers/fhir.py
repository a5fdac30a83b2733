"""What tests say to a FHIR server behind the connector's back."""

from datetime import date
from typing import Any

import httpx

from hub.connectors.kit.sandbox.seed import seed_resources

Resource = dict[str, Any]
TODAY = date(2026, 3, 10)


class FhirDesk:
    """Somebody at the vendor's own screen: puts resources there and looks at what is there."""

    def __init__(self, url: str) -> None:
        self.url = url
        # A connection a request: servers close idle ones while other tests run.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=180, limits=limits)

    def put(self, resource: Resource) -> Resource:
        """Create or replace under the id it has."""
        path = f"/{resource['resourceType']}/{resource['id']}"
        return self._done(self._http.put(path, json=resource))

    def delete(self, resource_type: str, resource_id: str) -> None:
        """Take it away for good."""
        self._http.delete(f"/{resource_type}/{resource_id}").raise_for_status()

    def post(self, resource: Resource) -> Resource:
        """Create under a new id."""
        return self._done(self._http.post(f"/{resource['resourceType']}", json=resource))

    def all(self, resource_type: str, **params: str) -> list[Resource]:
        """Everything of a type that matches."""
        bundle = self._done(self._http.get(f"/{resource_type}", params={"_count": "1000", **params}))
        return [entry["resource"] for entry in bundle.get("entry", [])]

    def fault(self, **fault: Any) -> None:
        """Switch a fault of the sandbox on; without arguments off."""
        answer = self._http.put("/_sandbox/fault", json=fault) if fault else self._http.delete("/_sandbox/fault")
        answer.raise_for_status()

    def clear(self) -> None:
        """Empty the server, whichever of the two it is."""
        self._http.delete("/_sandbox/fault")
        self._http.delete("/_sandbox/data")
        self._http.post("/$clear")

    def close(self) -> None:
        self._http.close()

    @staticmethod
    def _done(answer: httpx.Response) -> Resource:
        answer.raise_for_status()
        return answer.json()


def valid_seed() -> list[Resource]:
    """The sandbox's practice without the appointment that breaks FHIR."""
    return [r for r in seed_resources(TODAY) if r["resourceType"] != "Appointment" or "end" in r]


def appointment(resource_id: str, *, patient: str = "p001", start: str = "2026-03-12T15:00:00Z") -> Resource:
    """A booked half hour of Kim Tran's in Room 1."""
    end = start.replace(":00:00Z", ":30:00Z")
    people = (f"Patient/{patient}", "Practitioner/tran", "Location/room-1")
    return {
        "resourceType": "Appointment",
        "id": resource_id,
        "status": "booked",
        "start": start,
        "end": end,
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in people],
    }
