"""`/v1/recipes`: named specs that come with the service, normalised."""

from functools import cache

from fastapi import APIRouter

from api.experiments.views import RecipeView
from api.http.views import Page
from models.errors import NotFound
from models.specs.parse import parse_spec
from models.specs.recipes import RECIPES

router = APIRouter(prefix="/recipes", tags=["recipes"])


@cache
def _view(name: str) -> RecipeView:
    recipe = RECIPES[name]
    spec = parse_spec(dict(recipe.spec)).model_dump(mode="json")
    return RecipeView(name=recipe.name, about=recipe.about, spec=spec)


@router.get("")
async def list_recipes() -> Page[RecipeView]:
    """List the recipes. POST `{"recipe": name}` to `/v1/experiments` to run one."""
    return Page(items=[_view(name) for name in RECIPES], next=None)


@router.get("/{name}")
async def get_recipe(name: str) -> RecipeView:
    """Return one recipe."""
    if name not in RECIPES:
        raise NotFound(f"no recipe is called {name[:60]!r}; the recipes are {', '.join(RECIPES)}")
    return _view(name)
