"""What a run leaves open is told in lines that a tired person reads, however much it is."""

from hub.cli.migrating_left import NAMED, LeftOpen, names_of


def left(undisposed: dict[str, list[str]]) -> str:
    return "\n".join(LeftOpen("old", 0, 0, 0, (), undisposed).lines())


def test_of_thousands_of_columns_the_first_are_named_and_all_are_counted() -> None:
    columns = [f"Extra {n}" for n in range(6000)]
    said = left({"patient": columns})
    assert "becomes of 6000 columns (patient: Extra 0, Extra 1," in said
    assert f"Extra {NAMED - 1}, and {6000 - NAMED} more): `hub migrate plan` shows them" in said
    assert max(map(len, said.splitlines())) < 400


def test_what_is_few_is_named_whole() -> None:
    assert names_of(["Shoe size", "Sign"]) == "Shoe size, Sign"
    assert names_of([str(n) for n in range(NAMED)]).endswith(f", {NAMED - 1}")
