"""A message counts when its system signed it, byte for byte, and never else; checked against the vendors' own code."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.connectors.kit.spec.webhooks import Webhooks
from hub.connectors.kit.webhooks import WebhookRequest, verify
from hub.errors import NeedsAttention
from tests.connectors.webhook_vendors import blocks, posted, secrets, vendors

KEY = "whsec_a-key-that-nobody-else-has"
BODY = '{"event_id": "e-1", "type": "customer.updated", "data": {"id": "C-1", "name": "Zoë"}}'.encode()
SENT_AT = datetime(2026, 11, 20, 15, 4, 5, tzinfo=UTC)
SECONDS = str(int(SENT_AT.timestamp()))
MILLISECONDS = SECONDS + "000"


def signed(content: bytes, key: bytes = KEY.encode(), algorithm: str = "sha256") -> bytes:
    return hmac.new(key, content, algorithm).digest()


def base64_of(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def square(body: bytes = BODY) -> WebhookRequest:
    url = "https://hub.example.com/webhooks/square"
    return posted(body, x_square_hmacsha256_signature=base64_of(signed(url.encode() + body)))


def stripe(body: bytes = BODY) -> WebhookRequest:
    right = signed(f"{SECONDS}.".encode() + body).hex()
    return posted(body, stripe_signature=f"t={SECONDS},v1={'0' * 64},v1={right},v0=abc")


def boulevard(body: bytes = BODY) -> WebhookRequest:
    salt = f"blvd-webhook-v1:5b0c1d3e-0000-4a8e-9d1f-2b9f1a8e6c11:{SECONDS}"
    digest = signed(f"{salt}:".encode() + body, base64.b64decode("c2VjcmV0IG9mIHRoZSBhcHA="))
    return posted(body, x_blvd_hmac_salt=salt, x_blvd_hmac_sha256=base64_of(digest))


def hubspot(body: bytes = BODY) -> WebhookRequest:
    content = b"POSThttps://hub.example.com/webhooks/hubspot" + body + MILLISECONDS.encode()
    headers = {"x_hubspot_signature_v3": base64_of(signed(content)), "x_hubspot_request_timestamp": MILLISECONDS}
    return posted(body, **headers)


def zenoti(body: bytes = BODY) -> WebhookRequest:
    pairs = "-".join(f"{byte:02X}" for byte in signed(body))
    return posted(body, zenoti_webhook_signature=f"sha256 ={pairs}")


def retell(body: bytes = BODY) -> WebhookRequest:
    return posted(body, x_retell_signature=f"v={MILLISECONDS},d={signed(body + MILLISECONDS.encode()).hex()}")


def klaviyo(body: bytes = BODY) -> WebhookRequest:
    digest = signed(body + SECONDS.encode()).hex().upper()
    return posted(body, klaviyo_signature=digest, klaviyo_timestamp=SECONDS)


def vapi(body: bytes = BODY) -> WebhookRequest:
    return posted(body, authorization=f"Bearer {KEY}")


def shopify(body: bytes = BODY) -> WebhookRequest:
    return posted(body, x_shopify_hmac_sha256=base64_of(signed(body)))


def medplum(body: bytes = BODY) -> WebhookRequest:
    return posted(body, x_signature=signed(body).hex())


def acuity(body: bytes = BODY) -> WebhookRequest:
    return posted(body, x_acuity_signature=base64_of(signed(body)))


def mailchimp(body: bytes = BODY) -> WebhookRequest:
    return posted(body, x_mailchimp_signature=f"t={SECONDS},v1={signed(f'{SECONDS}.'.encode() + body).hex()}")


def mindbody(body: bytes = BODY) -> WebhookRequest:
    return posted(body, x_mindbody_signature=f"sha256={base64_of(signed(body))}")


def quickbooks(body: bytes = BODY) -> WebhookRequest:
    return posted(body, intuit_signature=base64_of(signed(body)))


def katana(body: bytes = BODY) -> WebhookRequest:
    return posted(body, x_sha2_signature=signed(body).hex())


def vagaro(body: bytes = BODY) -> WebhookRequest:
    return posted(body, x_vagaro_signature=KEY)


STORE = secrets(
    SQUARE_SIGNATURE_KEY=KEY,
    STRIPE_WEBHOOK_SECRET=KEY,
    BLVD_APP_SECRET="c2VjcmV0IG9mIHRoZSBhcHA=",
    HUBSPOT_CLIENT_SECRET=KEY,
    ZENOTI_WEBHOOK_SECRET=KEY,
    RETELL_API_KEY=KEY,
    KLAVIYO_WEBHOOK_SECRET=KEY,
    VAPI_TOKEN=KEY,
    SHOPIFY_CLIENT_SECRET=KEY,
    MEDPLUM_SUBSCRIPTION_SECRET=KEY,
    ACUITY_API_KEY=KEY,
    MAILCHIMP_SIGNING_SECRET=KEY,
    MINDBODY_SIGNATURE_KEY=KEY,
    INTUIT_VERIFIER_TOKEN=KEY,
    KATANA_WEBHOOK_TOKEN=KEY,
    VAGARO_VERIFICATION_TOKEN=KEY,
    TWILIO_SHARED_KEY=KEY,
    TWILIO_AUTH_TOKEN=KEY,
)
SIGNERS: dict[str, Callable[[bytes], WebhookRequest]] = {
    "square": square,
    "stripe": stripe,
    "boulevard": boulevard,
    "hubspot": hubspot,
    "zenoti": zenoti,
    "retell": retell,
    "klaviyo": klaviyo,
    "vapi": vapi,
    "shopify": shopify,
    "medplum": medplum,
    "acuity": acuity,
    "mailchimp": mailchimp,
    "mindbody": mindbody,
    "quickbooks": quickbooks,
    "katana": katana,
    "vagaro": vagaro,
}
SOUND = {
    "signature": {"scheme": "token", "header": "X", "token": {"env": "T"}},
    "type": "t",
    "kinds": {"*": "visit"},
}
BY_HASH = {"scheme": "hmac", "header": "X", "key": {"env": "K"}}
TIMED = {"stripe", "boulevard", "hubspot", "retell", "klaviyo", "mailchimp"}
BY_WORD = {"vapi", "vagaro"}
"""They know themselves by a word, whatever the body says."""


@pytest.mark.parametrize("vendor", SIGNERS)
def test_what_the_vendor_signed_is_its_own(vendor: str) -> None:
    verified = verify(SIGNERS[vendor](BODY), vendors()[vendor], STORE)
    assert verified is not None
    assert verified.signed_at == (SENT_AT if vendor in TIMED else None)
    assert verified.window == (timedelta(minutes=5) if vendor in TIMED else None)


@pytest.mark.parametrize("vendor", sorted(SIGNERS.keys() - BY_WORD))
@settings(max_examples=20)
@given(place=st.integers(min_value=0, max_value=len(BODY) - 1), by=st.integers(min_value=1, max_value=255))
def test_one_other_byte_makes_it_somebody_elses(vendor: str, place: int, by: int) -> None:
    sound = SIGNERS[vendor](BODY)
    forged = BODY[:place] + bytes([(BODY[place] + by) % 256]) + BODY[place + 1 :]
    assert verify(WebhookRequest("POST", "", sound.headers, forged), vendors()[vendor], STORE) is None


@pytest.mark.parametrize("vendor", SIGNERS)
def test_another_key_or_no_signature_makes_it_somebody_elses(vendor: str) -> None:
    others = secrets(**{name: base64_of(b"another key") for name in STORE.environment})
    assert verify(SIGNERS[vendor](BODY), vendors()[vendor], others) is None
    assert verify(posted(BODY), vendors()[vendor], STORE) is None


@pytest.mark.parametrize("vendor", SIGNERS)
@settings(max_examples=20)
@given(header=st.text(max_size=80))
def test_no_header_makes_it_crash(vendor: str, header: str) -> None:
    sound = SIGNERS[vendor](BODY)
    garbled = WebhookRequest("POST", "", dict.fromkeys(sound.headers, header), BODY)
    assert verify(garbled, vendors()[vendor], STORE) is None


def test_square_itself_agrees() -> None:
    from square.utils.webhooks_helper import verify_signature  # type: ignore[import-untyped,unused-ignore]

    header = square().headers["x-square-hmacsha256-signature"]
    url = str(vendors()["square"].url)
    assert verify_signature(
        request_body=BODY.decode(), signature_header=header, signature_key=KEY, notification_url=url
    )


def test_stripe_itself_agrees() -> None:
    import stripe as official

    header = stripe().headers["stripe-signature"]
    assert official.WebhookSignature.verify_header(BODY.decode(), header, KEY, tolerance=None)


def test_retell_itself_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    from retell.lib import webhook_auth

    monkeypatch.setattr(webhook_auth, "time", SimpleNamespace(time=SENT_AT.timestamp))
    assert webhook_auth.verify(BODY.decode(), KEY, retell().headers["x-retell-signature"])


@pytest.mark.parametrize(
    "address", ["https://hub.example.com/webhooks/twilio", "https://hub.example.com:443/webhooks/twilio"]
)
def test_what_twilio_itself_signs_is_its_own_with_and_without_the_port(address: str) -> None:
    from twilio.request_validator import RequestValidator

    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+15125550100", "Body": "ü & co"}
    body = b"MessageSid=SM1&MessageStatus=delivered&To=%2B15125550100&Body=%C3%BC+%26+co"
    signature = RequestValidator(KEY).compute_signature(address, form)
    assert verify(posted(body, x_twilio_signature=signature), vendors()["twilio"], STORE) is not None
    assert verify(posted(body + b"&x=1", x_twilio_signature=signature), vendors()["twilio"], STORE) is None


def test_what_twilio_signs_by_a_shared_key_is_its_own() -> None:
    from twilio.request_validator import RequestValidator

    address = "https://hub.example.com/webhooks/twilio-sha256"
    signature = RequestValidator(KEY).compute_signature(address, {"MessageSid": "SM1"}, "HMAC_SHA256")
    block = vendors()["twilio-sha256"]
    assert verify(posted(b"MessageSid=SM1", x_twilio_signature=signature), block, STORE) is not None
    assert verify(posted(b"MessageSid=SM2", x_twilio_signature=signature), block, STORE) is None


def test_every_vendor_of_the_page_is_signed_for_here() -> None:
    assert vendors().keys() == SIGNERS.keys() | {"sendgrid", "twilio", "twilio-json", "twilio-sha256"}


def test_twilio_signs_the_hash_of_a_json_body_with_the_address() -> None:
    from twilio.request_validator import RequestValidator

    query = f"bodySHA256={hashlib.sha256(BODY).hexdigest()}"
    signature = RequestValidator(KEY).compute_signature(f"https://hub.example.com/webhooks/twilio-json?{query}", {})
    block = vendors()["twilio-json"]
    assert verify(posted(BODY, query, x_twilio_signature=signature), block, STORE) is not None
    assert verify(posted(BODY + b" ", query, x_twilio_signature=signature), block, STORE) is None


def test_what_sendgrid_itself_takes_is_its_own() -> None:
    from sendgrid.helpers.eventwebhook import EventWebhook  # type: ignore[import-untyped,unused-ignore]

    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    signature = base64_of(key.sign(SECONDS.encode() + BODY, ec.ECDSA(hashes.SHA256())))
    assert EventWebhook(base64_of(public)).verify_signature(BODY.decode(), signature, SECONDS)
    headers = {
        "x_twilio_email_event_webhook_signature": signature,
        "x_twilio_email_event_webhook_timestamp": SECONDS,
    }
    store, block = secrets(SENDGRID_PUBLIC_KEY=base64_of(public)), vendors()["sendgrid"]
    assert verify(posted(BODY, **headers), block, store) is not None
    assert verify(posted(BODY + b" ", **headers), block, store) is None
    with pytest.raises(NeedsAttention, match="the public key is no key"):
        verify(posted(BODY, **headers), block, secrets(SENDGRID_PUBLIC_KEY="bm8ga2V5"))


def test_while_a_key_is_exchanged_the_old_one_and_the_new_one_do() -> None:
    old, new = ({"scheme": "hmac", "header": "X-Signature", "key": {"env": name}} for name in ("OLD_KEY", "NEW_KEY"))
    block = Webhooks.model_validate({"signature": [old, new], "type": "type", "kinds": {"*": "patient"}})
    store = secrets(OLD_KEY="old", NEW_KEY="new")
    for key in (b"old", b"new"):
        assert verify(posted(BODY, x_signature=signed(BODY, key).hex()), block, store) is not None
    assert verify(posted(BODY, x_signature=signed(BODY, b"none").hex()), block, store) is None


def test_a_key_that_is_not_there_is_named_and_nothing_is_taken() -> None:
    with pytest.raises(NeedsAttention, match="SQUARE_SIGNATURE_KEY is not set"):
        verify(square(), vendors()["square"], secrets())


def test_a_time_that_is_none_is_never_within_the_window() -> None:
    content = b"." + BODY
    verified = verify(posted(BODY, stripe_signature=f"v1={signed(content).hex()}"), vendors()["stripe"], STORE)
    assert verified is not None
    assert verified.signed_at is not None
    assert verified.signed_at.year == 9999


def test_the_page_shows_a_whole_block_that_can_be_used() -> None:
    import yaml

    shown = Webhooks.model_validate(yaml.safe_load(blocks()[0])["webhooks"])
    assert list(shown.find_problems()) == []
    names = list(vendors())
    assert all(first < second for first, second in pairwise(names))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"signature": []}, "at least 1 item"),
        ({"signature": {"scheme": "hmac", "header": "X", "key": "secret itself"}}, "never written here"),
        ({"kinds": {}}, "at least 1 item"),
        ({"kinds": {"*": "person"}}, "'patient'"),
        ({"signature": {"scheme": "trust", "header": "X"}}, "hmac"),
    ],
)
def test_a_block_that_says_too_little_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Webhooks.model_validate({**SOUND, **change})
    assert said in json.dumps(refused.value.errors(include_url=False, include_context=False), default=str)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"signature": {**BY_HASH, "signed": "{url}"}}, ("url",)),
        (
            {"signature": {**BY_HASH, "signed": "{bodi}"}},
            ("signature", 0, "signed"),
        ),
        (
            {"signature": {**BY_HASH, "signed": "{timestamp}{body}"}},
            ("signature", 0, "timestamp"),
        ),
        (
            {"signature": {**BY_HASH, "fields": {"timestamp": "t"}}},
            ("signature", 0, "fields"),
        ),
        ({"deleted": ["client.gone"], "kinds": {"visit.*": "visit"}, "record": "id"}, ("deleted",)),
        ({"deleted": ["visit.gone"], "kinds": {"visit.*": "visit"}}, ("deleted",)),
    ],
)
def test_what_contradicts_itself_is_named_with_its_place(change: dict[str, object], where: tuple[object, ...]) -> None:
    problems = list(Webhooks.model_validate({**SOUND, **change}).find_problems())
    assert where in [place for place, _, _ in problems]
