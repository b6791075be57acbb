"""`/v1/recipes`: named specs that come with the service, normalised."""

from fastapi import APIRouter

from api.experiments.views import RecipeView
from api.http.views import Page
from models.errors import NotFound
from models.specs.parse import parse_spec
from models.specs.recipes import RECIPES, Recipe

router = APIRouter(prefix="/recipes", tags=["recipes"])


def _view(recipe: Recipe) -> RecipeView:
    spec = parse_spec(dict(recipe.spec)).model_dump(mode="json")
    return RecipeView(name=recipe.name, about=recipe.about, spec=spec)


@router.get("")
def list_recipes() -> Page[RecipeView]:
    """List the recipes. POST `{"recipe": name}` to `/v1/experiments` to run one."""
    return Page(items=[_view(recipe) for recipe in RECIPES.values()], next=None)


@router.get("/{name}")
def get_recipe(name: str) -> RecipeView:
    """Return one recipe."""
    if name not in RECIPES:
        raise NotFound(f"no recipe is called {name[:60]!r}; the recipes are {', '.join(RECIPES)}")
    return _view(RECIPES[name])
