"""How long the page's first view takes, and how many bytes it is, with many experiments there.

Loopback, a cold browser (nothing cached) each time, from the navigation's start until the list's
first rows are on the screen. `python benchmarks/first_view.py --experiments 200` fills a service of
its own with ended experiments of two arms and six seeds.
"""

import argparse
import logging
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, Response

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from goals import tell_goal

from models.settings import Settings
from models.store.database import Database
from models.store.migrating import migrate

from support.api import ApiForTests, GeneratedForTests
from support.browser import chromium
from support.shown_runs import shown_experiment

SHOWN = """() => new Promise((resolve) => {
  const look = () => document.querySelectorAll(".experiments > li").length
    ? requestAnimationFrame(() => resolve(performance.now())) : requestAnimationFrame(look);
  look();
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=200)
    parser.add_argument("--times", type=int, default=7)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)  # there is no broker here, and each POST would say so
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        settings = Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'lab.sqlite3'}")
        migrate(settings.resolved_database_url)
        database = Database(settings.resolved_database_url)
        GeneratedForTests.made_in(folder).add_to(database)
        database.close()
        with ApiForTests(settings) as api:
            for number in range(asked.experiments):
                shown_experiment(api, name=f"Experiment {number}")
            measure(api, asked.times)


def replies_of(page: Page) -> list[Response]:
    """The replies that the page gets from now on."""
    replies: list[Response] = []
    page.on("response", lambda reply: replies.append(reply))
    return replies


def measure(api: ApiForTests, times: int) -> None:
    seconds: list[float] = []
    sizes: list[int] = []
    replies = 0
    with chromium() as browser:
        for _ in range(times):
            page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
            got = replies_of(page)
            page.goto(api.url, wait_until="commit")
            seconds.append(page.evaluate(SHOWN) / 1000)
            page.wait_for_load_state("networkidle")
            sizes.append(sum(len(reply.body()) for reply in got))
            replies = len(got)
            page.context.close()
    rows = api.get("/v1/experiments", limit=1)["items"]
    assert rows, "nothing was shown"
    print(f"first rows after {statistics.median(seconds):.2f} s (median of {times},", end=" ")
    print(f"{min(seconds):.2f} to {max(seconds):.2f}); {max(sizes):,} bytes in {replies} replies")
    first, kilobytes = statistics.median(seconds), max(sizes) / 1000
    tell_goal("the page's first view", f"{first:.2f} s", "–", "–", "< 1 s", first < 1)
    tell_goal("its bytes", f"{kilobytes:.0f} kB", "–", "–", "< 300 kB", kilobytes < 300)


if __name__ == "__main__":
    main()
