"""The colours that carry text, against what they stand on: WCAG AA asks for 4.5 to 1."""

import re
from pathlib import Path

import pytest

import hub.web

CSS = (Path(hub.web.__file__).parent / "static" / "hub.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", CSS))
WHITE = "#ffffff"


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_wcag_says() -> None:
    assert round(contrast("#000000", WHITE), 2) == 21
    assert round(contrast("#777777", WHITE), 2) == 4.48


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "paper"),
        ("ink", "fill"),
        ("ink", "fill-light"),
        ("ink", "bad-light"),
        ("quiet", "paper"),
        ("quiet", "closed"),
        ("brand", "paper"),
        ("brand", "fill"),
        ("bad", "bad-light"),
        ("bad", "paper"),
    ],
)
def test_text_can_be_read_on_its_ground(text: str, ground: str) -> None:
    assert contrast(COLOURS[text], COLOURS[ground]) >= 4.5


@pytest.mark.parametrize("ground", ["bad", "now"])
def test_white_labels_can_be_read(ground: str) -> None:
    assert contrast(WHITE, COLOURS[ground]) >= 4.5


def test_edges_of_fields_can_be_seen() -> None:
    assert contrast(COLOURS["edge-line"], COLOURS["sheet"]) >= 3
