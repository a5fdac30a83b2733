"""What commands come to in a shell."""

from hub.cli.checks import exit_code
from hub.ports.checks import Check, Level

OK, WARN, FAIL = (Check("a", level, "m") for level in Level)
DOWN = Check("a", Level.FAIL, "m", may_pass=True)


def test_the_worst_check_says_the_exit_code_and_what_may_pass_is_told_from_what_is_wrong():
    assert exit_code([OK, OK]) == 0
    assert exit_code([OK, WARN]) == 3
    assert exit_code([WARN, DOWN]) == 75
    assert exit_code([DOWN, FAIL]) == 1
