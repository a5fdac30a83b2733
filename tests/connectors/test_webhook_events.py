"""Which records a message speaks of, in the forms that vendors publish."""

import json
from typing import Any

import pytest

from hub.connectors.kit.webhooks import WebhookRequest
from hub.connectors.kit.webhooks.events import read_events
from hub.errors import InvalidInput
from tests.connectors.webhook_vendors import vendors

OLDER = {
    "eventNotifications": [
        {"realmId": "1", "dataChangeEvent": {"entities": [{"name": "Customer", "id": "7", "operation": "Update"}]}},
        {"realmId": "2", "dataChangeEvent": {"entities": [{"name": "Invoice", "id": "3", "operation": "Create"}]}},
    ]
}
NEWER = [{"specversion": "1.0", "id": "e-1", "type": "qbo.customer.updated.v1", "intuitentityid": "7"}]


def read(vendor: str, body: Any) -> list[tuple[str | None, str | None, str | None]]:
    request = WebhookRequest("POST", "", {}, json.dumps(body).encode())
    return [(one.id, one.kind, one.record_id) for one in read_events(request, vendors()[vendor])]


@pytest.mark.parametrize(
    ("vendor", "body", "expected"),
    [
        ("quickbooks", OLDER, [(None, "patient", "7"), (None, None, None)]),
        ("quickbooks", NEWER, [(None, "patient", "7")]),
        (
            "mindbody",
            {"messageId": "m1", "eventId": "appointmentBooking.cancelled", "eventData": {"appointmentId": 5}},
            [("m1", "visit", "5")],
        ),
        (
            "mindbody",
            {"messageId": "m2", "eventId": "client.updated", "eventData": {"clientId": "C9"}},
            [("m2", "patient", "C9")],
        ),
        ("katana", {"resource_type": "batch", "action": "batch.updated", "object": {"id": 4}}, [(None, "lot", "4")]),
        (
            "klaviyo",
            {
                "data": [
                    {"topic": "a", "payload": {"data": {"id": "1"}}},
                    {"topic": "b", "payload": {"data": {"id": 2}}},
                ]
            },
            [(None, "patient", "1"), (None, "patient", "2")],
        ),
    ],
)
def test_a_message_names_the_records_it_speaks_of(vendor: str, body: Any, expected: list[Any]) -> None:
    assert read(vendor, body) == expected


@pytest.mark.parametrize(
    "body", [{"eventNotifications": 5}, {"eventNotifications": [{"dataChangeEvent": None}]}, {}, 3]
)
def test_a_message_of_another_form_is_refused(body: Any) -> None:
    with pytest.raises(InvalidInput, match="an event is an object"):
        read("quickbooks", body)
