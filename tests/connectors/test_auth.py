"""Every scheme, as a server sees it; tokens fetched once however many ask; secrets in no message."""

import hmac
import json
import threading
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet, RSAKey
from pydantic import ValidationError

from hub.connectors.kit.auth.opened import open_auth
from hub.connectors.kit.auth.signed import SignedToken
from hub.connectors.kit.auth.tokens import Grant, TokenHeader
from hub.connectors.kit.connection import Connection
from hub.connectors.kit.http import HttpClient
from hub.connectors.kit.secret_store import SecretStore
from hub.connectors.kit.shared import open_http
from hub.connectors.kit.spec.auth import Signed
from hub.errors import HubError, NeedsAttention
from tests.peers.scripted import answer, scripted
from tests.peers.token_server import token_desk

RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
EC = ECKey.generate_key("P-384", {"kid": "ec-1"})
KEYS = KeySet([RSA, EC])
ENVIRONMENT = {
    "TOKEN": "t0p",
    "USER": "ada",
    "SECRET": "s3cret",
    "REFRESH": "refresh-0",
    "RSA_KEY": RSA.as_pem(private=True).decode(),
    "EC_KEY": json.dumps(EC.as_dict(private=True)),
    "PUBLIC_KEY": RSA.as_pem(private=False).decode(),
}

SECRET, TOKEN = {"env": "SECRET"}, {"env": "TOKEN"}
CREDENTIALS = {"scheme": "oauth2_client_credentials", "client_id": "hub", "client_secret": SECRET}
REFRESH = {"scheme": "oauth2_refresh", "client_id": "hub", "client_secret": SECRET, "refresh_token": {"env": "REFRESH"}}
SMART = {"scheme": "smart_backend", "client_id": "hub"}
BUSINESS = {"business": "b1"}


def connection(url: str, *auth: dict[str, Any], **more: Any) -> Connection:
    whole = {"system": "glow", "connector": "rest", "base_url": url, "mappings": "glow", "auth": list(auth), **more}
    return Connection.model_validate(whole)


def client(url: str, *auth: dict[str, Any], folder: Path = Path("/nowhere"), **more: Any) -> HttpClient:
    """With auth of its own: what processes share is tested by itself."""
    declared = connection(url, *auth, **more)
    return HttpClient(
        url, auth=open_auth(declared.auth, SecretStore(folder, ENVIRONMENT, "connections/glow.yaml"), url)
    )


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"scheme": "bearer", "token": {"env": "TOKEN"}}, "authorization", "Bearer t0p"),
        ({"scheme": "basic", "user": {"env": "USER"}, "password": SECRET}, "authorization", "Basic YWRhOnMzY3JldA=="),
        ({"scheme": "basic", "user": "any", "password": TOKEN}, "authorization", "Basic YW55OnQwcA=="),
        (
            {"scheme": "header", "name": "Authorization", "prefix": "apikey ", "value": TOKEN},
            "authorization",
            "apikey t0p",
        ),
        ({"scheme": "header", "name": "X-Shop-Token", "value": TOKEN}, "x-shop-token", "t0p"),
    ],
)
def test_a_fixed_secret_travels_in_its_header(auth, header, value):
    with scripted(lambda _asked: answer({})) as server, client(server.url, auth) as http:
        http.get("clients")
    assert server.asked[0].headers[header] == value


def test_a_secret_in_the_address_stays_out_of_messages():
    auth = {"scheme": "query", "name": "api_key", "value": {"env": "TOKEN"}}
    with (
        scripted(lambda _asked: answer({}, 404)) as server,
        client(server.url, auth) as http,
        pytest.raises(NeedsAttention) as caught,
    ):
        http.get("clients", {"page": "1"})
    assert server.asked[0].target == "/clients?page=1&api_key=t0p"
    assert "t0p" not in str(caught.value)


def test_several_schemes_hold_together():
    schemes = [
        {"scheme": "header", "name": n, "value": {"env": e}} for n, e in (("api-account", "USER"), ("api-key", "TOKEN"))
    ]
    with scripted(lambda _asked: answer({})) as server, client(server.url, *schemes) as http:
        http.get("clients")
    assert (server.asked[0].headers["api-account"], server.asked[0].headers["api-key"]) == ("ada", "t0p")


@pytest.mark.parametrize("is_own", [True, False], ids=["its own", "another's"])
def test_its_own_token_server_is_asked_as_the_system_is_and_a_stranger_hears_no_secret(is_own: bool):
    key = {"scheme": "header", "name": "Api-Key", "value": TOKEN}
    desk = answer({"access_token": "fresh"}, content_type="application/json")
    with scripted(lambda _asked: desk) as system, scripted(lambda _asked: desk) as stranger:
        grant = CREDENTIALS | {"token_url": "token" if is_own else f"{stranger.url}/token"}
        declared = connection(system.url, grant, key, headers={"SiteId": "-99"})
        secrets = SecretStore(Path("/nowhere"), ENVIRONMENT, "connections/glow.yaml")
        with open_http(declared, secrets) as http:
            http.get("clients")
        asked = system.asked[0] if is_own else stranger.asked[0]
        assert system.asked[-1].headers["api-key"] == "t0p"
    carried = {name: asked.headers.get(name) for name in ("api-key", "siteid")}
    assert asked.target == "/token"
    assert carried == ({"api-key": "t0p", "siteid": "-99"} if is_own else {"api-key": None, "siteid": None})


def test_a_signed_token_is_an_hmac_over_the_text_with_the_time_and_is_made_anew_in_time():
    text = "blvd-admin-v1{business}{unix_seconds}"
    spec = Signed.model_validate({"scheme": "signed", "user": "k", "secret": SECRET, "text": text, "values": BUSINESS})
    now = 1_700_000_000.0
    token = SignedToken(spec, "k", b64encode(b"key").decode(), BUSINESS, lambda: now)
    seen = []
    with scripted(lambda _asked: answer({})) as server, HttpClient(server.url, auth=token) as http:
        for passed in (0, 30, 61):
            now = 1_700_000_000.0 + passed
            http.get("x")
        seen = [b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode() for asked in server.asked]
    expected = [f"blvd-admin-v1b1{1_700_000_000 + at}" for at in (0, 0, 61)]
    for said, text in zip(seen, expected, strict=True):
        mac = b64encode(hmac.digest(b"key", text.encode(), "sha256")).decode()
        assert said == f"k:{mac}{text}"


@pytest.mark.parametrize(
    "auth",
    [
        CREDENTIALS,
        {**CREDENTIALS, "client_in": "basic"},
        {**CREDENTIALS, "send": "json"},
        {**CREDENTIALS, "scheme": "oauth2_password", "username": "ada", "password": SECRET},
        REFRESH,
        {**SMART, "key": {"env": "RSA_KEY"}, "key_id": "rsa-1"},
        {**SMART, "key": {"env": "EC_KEY"}, "algorithm": "ES384"},
    ],
)
def test_a_token_is_fetched_used_while_it_lasts_and_once_anew_when_it_is_refused(auth):
    with token_desk(keys=KEYS) as (desk, server):
        where = {} if auth["scheme"] == "smart_backend" else {"token_url": f"{server.url}/token"}
        with client(server.url, {**auth, **where}) as http:
            assert [http.get("clients").body["token"] for _ in range(3)] == ["token-1"] * 3
            desk.revoke()
            assert http.get("clients").body["token"] == "token-3"
            assert http.request("POST", "clients", payload={}).body["token"] == "token-3"
    assert len(desk.seen) == 2


@pytest.mark.parametrize("path", ["token", "/token"])
@pytest.mark.parametrize("auth", [CREDENTIALS, {**SMART, "key": {"env": "EC_KEY"}, "algorithm": "ES384"}])
def test_a_token_is_fetched_below_the_base_where_only_a_path_is_said(auth, path):
    with token_desk(keys=KEYS) as (_, server), client(f"{server.url}/v3/", {**auth, "token_url": path}) as http:
        with pytest.raises(NeedsAttention):
            http.get("clients")
        assert server.asked[0].target == "/v3/token"


def test_a_token_that_is_refused_again_needs_a_person_and_is_not_asked_for_a_third_time():
    with token_desk(worthless=True) as (desk, server):
        auth = {**CREDENTIALS, "token_url": f"{server.url}/token"}
        with client(server.url, auth) as http, pytest.raises(NeedsAttention, match="401"):
            http.get("clients")
        assert len(desk.seen) == 2


def test_an_old_token_is_replaced_before_it_runs_out():
    fetched, now = [], 0.0

    class Desk:
        def fetch(self) -> Grant:
            fetched.append(now)
            return Grant(f"t{len(fetched)}", 100)

    held = TokenHeader(Desk(), "Authorization", "Bearer ", lambda: now)
    with scripted(lambda _asked: answer({})) as server, HttpClient(server.url, auth=held) as http:
        for now in (0.0, 89.0, 91.0):  # noqa: B007 - read by the clock above
            http.get("x")
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer t1", "Bearer t1", "Bearer t2"]


def test_of_many_threads_one_fetches_and_the_others_wait_for_it():
    with token_desk() as (desk, server):
        declared = connection(server.url, {**CREDENTIALS, "token_url": f"{server.url}/token"})
        secrets = SecretStore(Path("/nowhere"), ENVIRONMENT, "c.yaml")
        seen: list[str] = []
        start = threading.Barrier(6, timeout=180)

        def go() -> None:
            with open_http(declared, secrets) as http:
                start.wait()
                seen.append(http.get("clients").body["token"])

        for _ in range(2):
            threads = [threading.Thread(target=go) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            desk.revoke()
    assert seen == ["token-1"] * 6 + ["token-3"] * 6
    assert len(desk.seen) == 2


def test_a_refresh_token_that_is_replaced_each_time_is_kept_for_the_next_process(tmp_path):
    auth = {**REFRESH, "keep": ".tokens.json"}
    with token_desk(rotating=True) as (desk, server):
        for _ in range(3):
            with client(server.url, {**auth, "token_url": f"{server.url}/token"}, folder=tmp_path) as http:
                http.get("clients")
    assert [told["refresh_token"] for told in desk.seen] == ["refresh-0", "refresh-1", "refresh-2"]
    assert (tmp_path / ".tokens.json").stat().st_mode & 0o777 == 0o600


def test_a_token_server_s_words_are_configuration():
    def serve(asked: Any) -> bytes:
        if asked.target == "/login":
            return answer({"data": {"access_token": "v1"}}, content_type="application/json")
        return answer({})

    auth = {
        **CREDENTIALS,
        "send": "json",
        "names": {"client_id": "clientId", "client_secret": "clientSecretKey", "grant_type": ""},
        "params": {"app": "a", "app_secret": {"env": "TOKEN"}},
        "answer": {"token": "data.access_token"},
        "header": "accessToken",
        "prefix": "",
    }
    with scripted(serve) as server, client(server.url, {**auth, "token_url": f"{server.url}/login"}) as http:
        http.get("clients")
    told = {"clientId": "hub", "clientSecretKey": "s3cret", "app": "a", "app_secret": "t0p"}
    assert json.loads(server.asked[0].body) == told
    assert server.asked[1].headers["accesstoken"] == "v1"


def test_a_server_s_word_for_the_refresh_token_is_said_each_time():
    auth = {**REFRESH, "client_in": "body", "send": "json", "names": {"refresh_token": "refreshToken"}}

    def serve(asked: Any) -> bytes:
        told = {"access_token": "v1", "refresh_token": "refresh-1"} if asked.target == "/renew" else {}
        return answer(told, content_type="application/json")

    with scripted(serve) as server, client(server.url, {**auth, "token_url": f"{server.url}/renew"}) as http:
        http.get("clients")
    told = json.loads(server.asked[0].body)
    assert told["refreshToken"] == "refresh-0"
    assert "refresh_token" not in told


def test_a_name_for_what_is_no_parameter_is_refused():
    with pytest.raises(ValidationError, match="client_id"):
        connection("http://127.0.0.1:1", {**CREDENTIALS, "token_url": "https://x.example", "names": {"clientid": "c"}})


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({**CREDENTIALS, "client_secret": {"env": "TOKEN"}}, "no token (invalid_client)"),
        ({**SMART, "key": {"env": "PUBLIC_KEY"}}, "no private key for RS384"),
        ({**SMART, "key": {"env": "RSA_KEY"}, "algorithm": "ES384"}, "no private key for ES384"),
        ({**SMART, "key": {"env": "TOKEN"}}, "no private key for RS384"),
        ({"scheme": "bearer", "token": {"env": "NOT_SET"}}, "NOT_SET is not set"),
    ],
)
def test_a_secret_that_does_not_fit_needs_a_person_and_is_not_shown(auth, said):
    with token_desk(keys=KEYS) as (_, server):
        where = {"token_url": f"{server.url}/token"} if auth["scheme"].startswith("oauth2") else {}
        with pytest.raises(NeedsAttention) as caught, client(server.url, {**auth, **where}) as http:
            http.get("clients")
    assert said in str(caught.value)
    assert caught.value.problems[0].hint
    assert not any(secret in str(caught.value) for secret in ENVIRONMENT.values())


def test_a_secrets_file_is_read_only_where_nobody_else_can(tmp_path):
    file = tmp_path / "secrets.yaml"
    file.write_text("glow:\n  token: 'f1le'\n  list: [1]\n", encoding="utf-8")
    store = SecretStore(tmp_path, {}, "connections/glow.yaml")

    def read(**where: str) -> str:
        declared = connection("https://x.example", {"scheme": "bearer", "token": where})
        [scheme] = declared.auth
        return store.read(scheme.token)  # type: ignore[union-attr]

    file.chmod(0o640)
    with pytest.raises(NeedsAttention, match="chmod 600"):
        read(file="secrets.yaml", key="glow.token")
    file.chmod(0o600)
    assert read(file="secrets.yaml", key="glow.token") == "f1le"
    assert read(file=str(file), key="glow.token") == "f1le"
    for key in ("glow", "glow.list", "glow.other", "x.y"):
        with pytest.raises(NeedsAttention, match="is not there, or no text"):
            read(file="secrets.yaml", key=key)
    with pytest.raises(NeedsAttention, match="is not there"):
        read(file="other.yaml", key="a")
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_text("x", encoding="utf-8")
    outside.chmod(0o600)
    (tmp_path / "link").symlink_to(outside)
    with pytest.raises(NeedsAttention, match="outside the practice folder"):
        read(file="link")


def test_a_corrected_secret_counts_at_once_and_the_same_one_keeps_its_token():
    with token_desk() as (desk, server):
        declared = connection(server.url, {**CREDENTIALS, "token_url": f"{server.url}/token"})
        wrong = SecretStore(Path("/nowhere"), {"SECRET": "old"}, "c.yaml")
        right = SecretStore(Path("/nowhere"), ENVIRONMENT, "c.yaml")
        with pytest.raises(HubError, match="invalid_client"), open_http(declared, wrong) as http:
            http.get("x")
        for _ in range(2):
            with open_http(declared, right) as http:
                http.get("x")
    assert len(desk.seen) == 2
