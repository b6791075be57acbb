"""Charts of the page that are taken along: the files of their buttons, and what is in them."""

import csv
from pathlib import Path

from PIL import Image

from support.browser import Tab

Colour = tuple[int, int, int]


def saved(tab: Tab, section: str, button: str) -> Path:
    """The file that the button of the first chart in this part of the page saves."""
    with tab.page.expect_download() as download:
        tab.find(f"{section} .chart-tools button", has_text=button).first.click()
    return Path(download.value.path())


def table(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def colours(path: Path) -> dict[Colour, int]:
    """How many pixels of a picture have each colour."""
    with Image.open(path) as opened:
        found = opened.convert("RGB")
        counts = found.getcolors(found.width * found.height) or []
    return {colour: count for count, colour in counts}  # type: ignore[misc]


def colour_of(tab: Tab, name: str) -> Colour:
    """A colour of the page as it is now, by the name of its custom property."""
    value: str = tab.page.evaluate(
        "(name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()", name
    )
    red, green, blue = bytes.fromhex(value.removeprefix("#"))
    return red, green, blue
