"""Rules of the page's files that need no browser: contrast, size, and no way to make markup."""

import json
import re
from pathlib import Path

import pytest

from support.project import ROOT

WEB = ROOT / "api" / "web"
SCRIPTS = sorted((WEB / "js").rglob("*.js"))
LONGEST = 300  # lines
TEXT, GRAPHIC = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11 at AA
ARMS = [f"arm-{number}" for number in range(1, 9)]
# foreground, ground, least contrast
PAIRS = [
    *[
        (one, ground, TEXT)
        for one in ("text", "muted")
        for ground in ("ground", "raised", "sunken")
    ],
    *[("accent", ground, TEXT) for ground in ("ground", "raised", "accent-ground")],
    *[(one, f"{one}-ground", TEXT) for one in ("good", "bad", "warn")],
    *[(one, ground, TEXT) for one in ("good", "bad") for ground in ("ground", "raised")],
    ("on-accent", "accent", TEXT),
    ("ground", "text", TEXT),
    *[
        (one, ground, GRAPHIC)
        for one in [*ARMS, "edge", "focus"]
        for ground in ("ground", "raised")
    ],
]


def themes() -> dict[str, dict[str, str]]:
    """The colours of each theme, as written in tokens.css."""
    text = (WEB / "css" / "tokens.css").read_text(encoding="utf-8")
    blocks = re.findall(r"([^{}]+)\{([^{}]*--ground[^{}]*)\}", text)
    assert len(blocks) == 3
    named = ["light", "dark by the system", "dark by choice"]
    found = {
        name: dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", body))
        for name, (_, body) in zip(named, blocks, strict=True)
    }
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark by the system", "dark by choice"])
def test_every_colour_stands_out_enough_from_its_ground(theme: str) -> None:
    colours = themes()[theme]
    poor = [
        (one, ground, round(contrast(colours[one], colours[ground]), 2))
        for one, ground, least in PAIRS
        if contrast(colours[one], colours[ground]) < least
    ]
    assert poor == []


def test_the_dark_theme_is_the_same_by_choice_and_by_the_system() -> None:
    found = themes()
    assert found["dark by choice"] == found["dark by the system"]
    assert found["dark by choice"].keys() == found["light"].keys()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(WEB)))
def test_a_script_says_what_it_is_stays_short_and_makes_no_markup(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert text.startswith("// "), "a script opens with what it is"
    assert len(text.splitlines()) <= LONGEST
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), (
        "nothing comes from elsewhere"
    )


def test_what_is_not_ours_has_its_licence_beside_it() -> None:
    assert "Leon Sorokin" in (WEB / "vendor" / "uplot" / "LICENSE").read_text()
    assert "SIL Open Font License" in (WEB / "fonts" / "LICENSE").read_text()


def test_the_charts_are_checked_by_the_types_of_the_version_that_is_served() -> None:
    tools = ROOT / "tests" / "page_tools" / "package.json"
    version = json.loads(tools.read_text(encoding="utf-8"))["devDependencies"]["uplot"]
    served = (WEB / "vendor" / "uplot" / "uPlot.iife.min.js").read_text(encoding="utf-8")
    assert f"uPlot (v{version})" in served[:200]
