"""What the shell offers when Tab is pressed: recipes, and the service's newest experiments.

`tripletlab --install-completion` sets it up. Nothing is offered, and nothing said, where no service
answers at once.
"""

from api.client import Client, TripletlabError
from models.settings import Settings
from models.specs.recipes import RECIPES

AT_MOST = 1.0  # seconds; whoever pressed Tab is waiting
SHOWN = 20


def recipes(incomplete: str) -> list[tuple[str, str]]:
    return [(name, one.about) for name, one in RECIPES.items() if name.startswith(incomplete)]


def experiments(incomplete: str) -> list[tuple[str, str]]:
    """Ids with the state and the name of each."""
    settings = Settings()
    try:
        with Client(settings.url, settings.key, timeout=AT_MOST) as client:
            items = client.get("/v1/experiments", limit=SHOWN)["items"]
    except TripletlabError:
        return []
    return [
        (one["id"], f"{one['state']}: {one['name']}")
        for one in items
        if one["id"].startswith(incomplete)
    ]
