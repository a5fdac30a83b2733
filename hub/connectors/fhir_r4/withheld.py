"""What the hub needs to know of, and not to hold: the words of a note, the answers of a form.

It is taken off before a record lands, so that neither the database nor a backup of it is a second chart. Only records
that the hub never writes are shortened: an update would take the rest away there, too.
"""

from typing import Any

from hub.connectors.fhir_r4.client import Resource

_WITHHELD = {
    "DocumentReference": ("text", "contained", "description"),
    "QuestionnaireResponse": ("text", "contained", "item"),
}


def without_content(resource: Resource) -> Resource:
    """The resource as it may land; the very same where nothing of it is withheld."""
    keys = _WITHHELD.get(str(resource.get("resourceType")))
    if keys is None:
        return resource
    kept = {key: value for key, value in resource.items() if key.removeprefix("_") not in keys}
    content = kept.get("content")
    if isinstance(content, list):
        kept["content"] = [_addressed(one) for one in content]
    return kept


def _addressed(content: Any) -> Any:
    attachment = content.get("attachment") if isinstance(content, dict) else None
    if not isinstance(attachment, dict):
        return content
    return {**content, "attachment": {key: value for key, value in attachment.items() if key not in ("data", "title")}}
