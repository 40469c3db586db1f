# ruff: noqa: S314 - reads what we have just made
"""Charts hold nothing that the page's policy would block, and the same numbers give the same bytes."""

from xml.etree import ElementTree as ET  # reads only what matplotlib has just written

from matplotlib.axes import Axes

from reports.charts import LOOKS, figure_svg, label_end

NASTY = "<script>alert(1)</script> $\\alpha$ & \x00\x1b[31m"


def draw(axes: Axes) -> None:
    for n, look in enumerate(LOOKS):
        axes.plot([0, 1, 2], [n, n + 1, n], color=look.color, linestyle=look.dashes, marker=look.marker)
        label_end(axes, (2, n), NASTY, look, shift=(4, 0))
    axes.bar([0, 1], [3, 4], hatch=LOOKS[1].hatch)
    axes.set_xlabel(NASTY)


def made(name: str = "one") -> str:
    return figure_svg(draw, name=name, title=NASTY, description="rises and falls")


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert made() == made()


def test_nothing_in_it_needs_a_style_a_script_or_an_address() -> None:
    told = made()
    assert "style=" not in told
    assert "<style" not in told
    assert "<script" not in told
    assert "http" not in told
    assert "DejaVu" not in told


def test_it_is_named_and_described() -> None:
    root = ET.fromstring(made())
    assert root.attrib["role"] == "img"
    assert [child.tag for child in root][:2] == ["title", "desc"]
    ids = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    assert set(root.attrib["aria-labelledby"].split()) <= ids


def test_ids_of_two_charts_never_meet() -> None:
    def ids(text: str) -> set[str]:
        return {element.attrib["id"] for element in ET.fromstring(text).iter() if "id" in element.attrib}

    assert not ids(made("one")) & ids(made("two"))
    assert len(ids(made())) > 2


def test_every_reference_leads_somewhere() -> None:
    root = ET.fromstring(made())
    ids = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    used = {value[1:] for element in root.iter() for key, value in element.attrib.items() if key == "href"}
    used |= {value[5:-1] for element in root.iter() for value in element.attrib.values() if value.startswith("url(#")}
    assert used
    assert used <= ids


def test_text_stays_text_and_dollar_signs_are_no_formula() -> None:
    shown = [element.text or "" for element in ET.fromstring(made()).iter("text")]
    assert any("$\\alpha$ &" in text for text in shown)
