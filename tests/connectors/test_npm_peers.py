"""Where a peer's packages cannot be had, tests say so: skipped on a desk, failed in CI."""

import json
from pathlib import Path

import pytest

from tests.peers import npm

PEERS = {"medplum": 6, "oidc": 40}


def test_without_its_packages_a_test_is_skipped_with_the_reason(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no network"):
        npm.give_up("no network")


def test_in_ci_it_fails(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no network"):
        npm.give_up("no network")


def test_an_installation_that_fails_leaves_nothing_behind_that_looks_whole(monkeypatch, tmp_path):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(npm, "CACHE", tmp_path)
    monkeypatch.setattr(npm, "NPM", ("false",))
    with pytest.raises(pytest.skip.Exception, match="could not be installed"):
        npm.installed(Path(npm.__file__).parent / "medplum")
    assert [path.suffix for path in tmp_path.iterdir() if path.is_dir()] == [".unfinished"]


@pytest.mark.parametrize(("peer", "count"), PEERS.items())
def test_the_lock_pins_every_package_by_its_contents_and_names_no_address(peer, count):
    packages = json.loads((Path(npm.__file__).parent / peer / "package-lock.json").read_text())["packages"]
    pinned = {name: package for name, package in packages.items() if name}
    assert len(pinned) == count
    assert all(package["integrity"] and "resolved" not in package for package in pinned.values())
