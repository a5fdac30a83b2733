"""Whatever is wrong gets one message that says what, where and what to do, and nothing is left behind."""

import json
import shutil

import pytest

from hub.operations.apply_practice import apply_practice
from tests.integration.cli.conftest import ROOT
from tests.legacy.generate import generate


def change(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_an_unknown_key_of_the_practice_file_is_named_with_its_line(hub):
    file = hub.practice / "practice.yaml"
    line = change(file, "grid_minutes:", "grid_minuets:")
    _, said = hub.refusal("config", "check")
    assert f"{file}:{line}: grid_minuets: unknown key" in said
    assert not hub.home.exists()


def test_an_id_that_the_practice_does_not_declare_is_named_with_its_line(hub):
    line = change(hub.practice / "practice.yaml", "in: laser-suite", "in: lasr-suite")
    _, said = hub.refusal("config", "check")
    assert f"practice.yaml:{line}" in said
    assert "lasr-suite" in said


def test_an_unknown_key_of_a_connection_is_named_with_its_line(hub):
    file = hub.practice / "connections" / "juniper-ehr.yaml"
    line = change(file, "base_url:", "base_uri:")
    _, said = hub.refusal("config", "check")
    assert f"{file}:{line}: base_uri: unknown key" in said


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [("family_name: Last", "family_nam: Last", "family_nam"), ("codec: phone", "codec: fone", "fone")],
)
def test_an_unknown_field_or_codec_of_a_mapping_is_named_with_its_line(hub, tmp_path, old, new, named):
    mappings = tmp_path / "mappings"
    shutil.copytree(ROOT / "mappings", mappings)
    file = mappings / "legacy-export" / "patient.yaml"
    line = change(file, old, new)
    _, said = hub.refusal("config", "check", HUB_MAPPINGS=str(mappings))
    assert f"{file}:{line}" in said
    assert named in said


def test_a_practice_folder_that_is_not_there_is_named(hub):
    _, said = hub.refusal("config", "check", HUB_PRACTICE=str(hub.home / "nowhere"))
    assert "nowhere/practice.yaml: this file is not there. HUB_PRACTICE names the practice folder" in said


@pytest.mark.parametrize(
    ("name", "value"), [("HUB_HOME", ""), ("HUB_PRACTICE", " "), ("HUB_MIGRATIONS", '{"moving": ""}')]
)
def test_a_variable_that_holds_an_empty_path_is_named(hub, name, value):
    code, said = hub.refusal("config", "check", **{name: value})
    assert (code, said) == (1, f"error: {name}: this path is empty. Correct this environment variable, or unset it\n")


def test_a_database_that_is_not_there_is_named_without_its_password(hub, free_ports):
    url = f"postgresql+psycopg://hub:secret@127.0.0.1:{free_ports[0]}/hub"
    _, said = hub.refusal("pull", "juniper-ehr", HUB_DATABASE_URL=url)
    assert f"127.0.0.1:{free_ports[0]}/hub" in said
    assert "secret" not in said
    assert "HUB_DATABASE_URL" in said


def test_an_unknown_connection_is_answered_with_those_there_are(hub):
    _, said = hub.refusal("pull", "juniper-emr")
    assert "there is no connection 'juniper-emr'" in said
    assert "juniper-ehr, juniper-legacy" in said


def test_what_is_wrong_is_one_json_object_where_one_was_asked_for(hub):
    done = hub.run("sync", "juniper-emr", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    assert [one["message"] for one in told["problems"]] == ["there is no connection 'juniper-emr'"]
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("command", ["demo", "up"])
def test_a_taken_port_is_named_before_anything_is_started(hub, listening, command):
    _, said = hub.refusal(command, HUB_PORT=str(listening))
    assert f"port {listening} on 127.0.0.1 is taken" in said
    assert not (hub.home / "database").exists()


def test_the_server_refuses_to_bind_to_anything_but_loopback(hub):
    done = hub.run("serve", HUB_HOST="0.0.0.0", HUB_PORT="0")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "0.0.0.0" in done.stderr
    assert "sign-in" in done.stderr
    assert not (hub.home / "database").exists()


def test_a_server_that_is_not_there_is_named_and_the_exit_code_says_try_again(hub, store, database, free_ports):
    apply_practice(store, (hub.practice / "practice.yaml").read_text(encoding="utf-8"), "practice.yaml")
    url = f"http://127.0.0.1:{free_ports[0]}"
    urls = f'{{"juniper-ehr": "{url}"}}'
    code, said = hub.refusal("pull", "juniper-ehr", HUB_DATABASE_URL=database.text_url, HUB_CONNECTION_URLS=urls)
    assert code == 75
    assert url in said
    assert said.count("\n") == 1, "one message, and nothing of the retries before it"


def test_a_hub_that_fails_in_a_process_of_its_own_shows_no_traceback(hub, free_ports):
    done = hub.run("serve", HUB_DATABASE_URL=f"postgresql+psycopg://hub@127.0.0.1:{free_ports[0]}/hub", HUB_PORT="0")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_a_setting_of_the_wrong_kind_is_named(hub):
    _, said = hub.refusal("config", "check", HUB_PORT="eighty")
    assert "HUB_PORT" in said
    assert "eighty" not in said


def test_a_setting_that_is_not_json_is_named(hub):
    _, said = hub.refusal("config", "check", HUB_CONNECTION_URLS="juniper")
    assert "HUB_CONNECTION_URLS" in said


def test_a_path_that_cannot_be_written_or_is_no_folder_is_named_without_a_traceback(hub, tmp_path):
    generate(3, 10, tmp_path / "export")
    file = tmp_path / "export" / "clients.csv"
    _, said = hub.refusal("migrate", "plan", str(file), "--source", str(tmp_path))
    assert f"{file / 'migration.yaml'}: this file is not there" in said
    _, said = hub.refusal("migrate", "profile", str(file), "--mappings", str(file))
    assert said.startswith(f"error: {file}")
    assert "cannot be used: Not a directory" in said
    assert said.count("\n") == 1
