"""The style sheet: readable in light and dark, and nothing fetched from elsewhere."""

import re
from pathlib import Path

import pytest

import webui

STATIC = Path(webui.__file__).parent / "static"
CSS = (STATIC / "site.css").read_text("utf-8")


def colours():
    """The custom properties of the light and of the dark scheme."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+):\s*(#\w{6});", block)) for block in blocks[:2])
    assert light.keys() == dark.keys()
    return {"light": light, "dark": dark}


def luminance(colour):
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_defined():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [(text, ground) for text in ("ink", "soft", "link", "visited") for ground in ("paper", "tint")]
    + [
        ("ink", "raised"),
        ("soft", "raised"),
        ("red", "paper"),
        ("blue", "paper"),
        ("mark-ink", "mark"),
        ("on-accent", "link"),
        ("paper", "ink"),
    ],
)
def test_text_contrast_is_aa(scheme, text, ground):
    palette = colours()[scheme]
    assert contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("edge", ["edge", "focus"])
def test_edges_of_controls_can_be_seen(scheme, edge):
    palette = colours()[scheme]
    assert contrast(palette[edge], palette["paper"]) >= 3
    assert contrast(palette[edge], palette["raised"]) >= 3


@pytest.mark.parametrize("path", sorted(STATIC.iterdir()), ids=lambda path: path.name)
def test_static_files_fetch_nothing(path):
    text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|@import|url\(|//\w+\.\w", text)
    assert len(text) < 40_000
