"""What takes long shows a bar on a terminal, and nothing anywhere else."""

import pytest

from hub.cli.progress import bar_of, steps_bar


@pytest.fixture(params=[True, False])
def is_terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """As rich takes standard error for one."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1") if request.param else monkeypatch.delenv("FORCE_COLOR", raising=False)
    return bool(request.param)


def test_each_step_is_named_with_its_count_on_a_terminal_only(
    is_terminal: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with steps_bar(quiet=False) as step:
        step("score pairs", 41207)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("score pairs" in err, "41207" in err) == (is_terminal, is_terminal)


@pytest.mark.usefixtures("is_terminal")
def test_programs_see_none(capsys: pytest.CaptureFixture[str]) -> None:
    with bar_of("push", quiet=True) as moved:
        moved(7)
    assert capsys.readouterr() == ("", "")
