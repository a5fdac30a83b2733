"""Every connector's stream is held to its contract in each of the three ways."""

from pathlib import Path

import pytest

from hub.errors import SafetyStop
from tests.conformance.sandboxes import SANDBOXES, opened
from tests.conformance.test_connectors import each, populate, pull
from tests.database import Database

NAME_AT = {"veloura": "name.first", "mirrorlake": "givenName", "ehr": "name[].given[]", "harborline": "First"}
"""Where the given name stands in what a system says of a person."""


@pytest.mark.parametrize("name", each(SANDBOXES))
@pytest.mark.parametrize("reaction", ["note", "quarantine", "stop"])
def test_a_word_that_was_never_among_those_of_its_place_is_treated_as_the_contract_says(
    name: str, reaction: str, request: pytest.FixtureRequest, database: Database, tmp_path: Path
):
    sandbox = SANDBOXES[name](request.getfixturevalue)
    drift = {"codes": {NAME_AT.get(sandbox.name, "first"): ["Ann000", "Ann001", "Ann002"]}, "new_code": reaction}
    with opened(sandbox, database, tmp_path / "practice", {}, writes=False, drift={**drift, "learn": 2}) as entered:
        people = populate(entered, 3)
        pull(entered)
        sandbox.rename(people[1], "Zoe")
        if reaction == "stop":
            with pytest.raises(SafetyStop, match="new_code"):
                pull(entered)
        else:
            assert pull(entered).rejected == int(reaction == "quarantine")
        assert entered.names()[people[1]] == ("Zoe" if reaction == "note" else "Ann001")
        assert entered.names()[people[2]] == "Ann002"
        assert [issue.split()[0] for issue in entered.issues()].count("schema_drift") == 1
