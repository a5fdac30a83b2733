"""What tells the same request from another one under the same idempotency key."""

import hashlib
import json
from dataclasses import asdict, replace
from datetime import UTC

from hub.scheduling.request import BookingRequest


def hash_request(request: BookingRequest) -> str:
    """The same for the same request, in whatever order its maps and sets are."""
    parts = [asdict(replace(part, resources=dict(part.resources))) for part in request.trip.parts]
    return _digest(
        {
            "trip": [parts, request.trip.location_id, request.trip.channel, request.trip.together],
            "arrives_at": request.arrives_at.astimezone(UTC).isoformat(),
            "override": [sorted(request.override), request.reason, request.role],
        }
    )


def hash_hold(hold_id: str) -> str:
    """Of the request to book a hold."""
    return _digest({"hold": hold_id})


def _digest(asked: object) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
