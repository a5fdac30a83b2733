"""Who is who while an export is read, both ways."""

from hub.canonical.ids import Kind, ServiceId
from hub.operations.export_links import ExportLinks
from hub.sync.skus import Skus


def links() -> ExportLinks:
    aliases = {Kind.PROVIDER: {"E1": "dr-lee"}, Kind.RESOURCE: {"Room 1": "room-1"}}
    return ExportLinks("old", aliases, {Kind.PATIENT: {"C1": "pat_known"}})


def test_an_alias_counts_before_what_the_export_says() -> None:
    known = links()
    known.learn(Kind.PROVIDER, "E1", "prv_other")
    assert known.canonical_id(Kind.PROVIDER, "E1") == "dr-lee"


def test_every_id_leads_back_to_its_source() -> None:
    known = links()
    known.learn(Kind.PATIENT, "C2", "pat_read")
    for kind, source_id in ((Kind.PROVIDER, "E1"), (Kind.PATIENT, "C1"), (Kind.PATIENT, "C2")):
        canonical_id = known.canonical_id(kind, source_id)
        assert canonical_id is not None
        assert known.source_id(kind, canonical_id) == source_id
    assert known.source_id(Kind.PATIENT, "pat_nobody") is None


def test_a_service_that_a_row_names_is_the_one_that_is_kept_of_its_sku_whoever_says_so() -> None:
    known = links()
    known.learn(Kind.SERVICE, "S1", "svc_kept")
    known.learn(Kind.SERVICE, "S2", "svc_archived")
    kept = {ServiceId("svc_kept"): ServiceId("svc_kept"), ServiceId("svc_archived"): ServiceId("svc_kept")}
    known.skus = Skus((), kept, {})
    known.aliases = {**known.aliases, Kind.SERVICE: {"lip": "svc_archived"}}
    assert known.canonical_id(Kind.SERVICE, "S1") == known.canonical_id(Kind.SERVICE, "S2") == "svc_kept"
    assert known.id_named(Kind.SERVICE, "Lip") == "svc_kept"


def test_a_room_leads_back_to_its_plain_name() -> None:
    known = links()
    known.location = "main"
    assert known.id_named(Kind.RESOURCE, "Room 1") == "room-1"
    assert known.id_named(Kind.RESOURCE, " ROOM  1") == "room-1"
    assert known.name_of(Kind.RESOURCE, "room-1") == "room 1"
    assert known.name_of(Kind.RESOURCE, "room-2") is None
