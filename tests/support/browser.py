"""The page in a real browser: Debian's Chromium, driven by Playwright, and what it complains of.

Playwright brings no browser of its own here. `chromium-headless-shell`, which is Chromium without
its windows, is taken where it is: it needs a third less of the processor. A machine without either
skips these tests at home, with the reason, and fails them where `CI` is set.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Response,
    expect,
    sync_playwright,
)

PATIENCE = 120_000  # milliseconds; a busy machine is no failure
NOT_LOADED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")

expect.set_options(timeout=PATIENCE)


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        reason = "no browser on PATH; Debian's package `chromium-headless-shell` has one"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A page of the browser over one service; `complaints` are what a person would see in red."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.expected_statuses: set[int] = set()
        self.away_expected = False
        self._complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(message.text)

    @property
    def complaints(self) -> list[str]:
        return [one for one in self._complaints if not self._expected(one)]

    def _expected(self, text: str) -> bool:
        found = NOT_LOADED.match(text)
        if found:
            return int(found[1]) in self.expected_statuses
        return self.away_expected and "net::ERR_" in text

    def hear_replies(self) -> list[Response]:
        """All replies from now on, as they come. Not for every tab: each view asks for dozens of
        files, and to be told of them costs a fifteenth of the test."""
        heard: list[Response] = []
        self.page.on("response", lambda reply: heard.append(reply))
        return heard

    def open(self, place: str = "/experiments") -> "Tab":
        self.page.goto(f"{self.url}/#{place}")
        self.page.locator("#main h1, #main .notice, dialog").first.wait_for()
        return self

    def find(self, selector: str, **by: Any) -> Locator:
        return self.page.locator(selector, **by)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def unfold(self, section: str) -> None:
        """Open a section of an experiment that is folded at first."""
        self.page.locator(f"#{section} > details:not([open]) > summary").click()

    def sees(self, text: str) -> Locator:
        """Wait until the text is there; the first element that holds it."""
        found = self.page.get_by_text(text).first
        found.wait_for()
        return found


@contextmanager
def tab_in(browser: Browser, url: str, **context: Any) -> Iterator[Tab]:
    """A new tab, closed at the end; fails when the page complained."""
    opened = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **context})
    tab = Tab(opened.new_page(), url)
    try:
        yield tab
    finally:
        opened.close()
    assert tab.complaints == []
