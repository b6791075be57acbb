"""Shell completion: recipes, and the newest experiments of the service.

`tripletlab --install-completion` sets it up. Where no service answers at once, there are no
completions and no messages.
"""

from api.client import Client, TripletlabError

TIMEOUT = 1.0  # seconds; the person who pressed Tab is waiting
SHOWN = 20


def recipes(incomplete: str) -> list[tuple[str, str]]:
    from models.specs.recipes import RECIPES

    return [(name, one.about) for name, one in RECIPES.items() if name.startswith(incomplete)]


def experiments(incomplete: str) -> list[tuple[str, str]]:
    """Return ids of experiments, with the state and the name of each."""
    from models.settings import Settings

    settings = Settings()
    try:
        with Client(settings.url, settings.key, timeout=TIMEOUT) as client:
            items = client.get("/v1/experiments", limit=SHOWN)["items"]
    except TripletlabError:
        return []
    return [
        (one["id"], f"{one['state']}: {one['name']}")
        for one in items
        if one["id"].startswith(incomplete)
    ]
