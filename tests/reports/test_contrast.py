"""Every colour of the style sheet that text can have stands out from what it can stand on, by WCAG 2.2."""

import re
from itertools import product

import pytest

from reports.charts import INK, LOOKS, SOFT
from reports.render import style_sheet

ENOUGH = 4.5  # for text of any size, level AA
NAMED = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style_sheet()))
TEXTS = [NAMED[name] for name in ("ink", "soft", "link", "bad", "warn", "good")]
GROUNDS = ["#ffffff", NAMED["wash"]]


def luminance(color: str) -> float:
    """Relative luminance in [0, 1]. Source: WCAG 2.2, "relative luminance"."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """In [1, 21]; black on white is 21. Source: WCAG 2.2, "contrast ratio"."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(("text", "ground"), [*product(TEXTS, GROUNDS)])
def test_text_stands_out(text: str, ground: str) -> None:
    assert contrast(text, ground) >= ENOUGH


@pytest.mark.parametrize("color", [INK, SOFT, *(look.color for look in LOOKS)])
def test_so_do_the_words_in_charts(color: str) -> None:
    assert contrast(color, "#ffffff") >= ENOUGH


def test_every_colour_has_a_name() -> None:
    used = set(re.findall(r"(?<!-)color: ([^;}]+)", style_sheet()))
    assert {value.strip() for value in used} <= {"inherit", "#545d68", *(f"var(--{name})" for name in NAMED)}
