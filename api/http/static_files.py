"""The files that are served as they are: the page at `/`, and the Python client in one file.

The page is plain HTML, CSS and ES modules from `api/web`, with nothing to build. It is a client of
`/v1` like any other: it knows no data until the browser asks with a key, so its files are open to
all. Everything it loads lies beside it, fonts and chart library too.
"""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

router = APIRouter(tags=["client"])

FOLDER = Path(str(files("api") / "web"))
CLIENT = Path(str(files("api") / "client.py"))

# Trusted Types: no script of the page can turn a text into markup, whoever wrote the text
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# the same address has other files after an upgrade, so browsers ask whether theirs still holds
FRESH = {"Cache-Control": "no-cache"}


class PageFiles(StaticFiles):
    """Files that a browser keeps, and asks about each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(FRESH)
        return response


def install(app: FastAPI) -> None:
    """Serve the page at `/`, and what it loads below `/web`."""
    app.mount("/web", PageFiles(directory=FOLDER), name="web")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        headers = {"Content-Security-Policy": POLICY, **FRESH}
        return FileResponse(FOLDER / "index.html", headers=headers)


@router.get(
    "/client/tripletlab.py",
    response_class=FileResponse,
    responses={
        200: {
            "description": "One file that needs httpx alone; `import tripletlab` beside it.",
            "content": {"text/x-python": {"schema": {"type": "string"}}},
        }
    },
)
def download_client() -> FileResponse:
    """The Python client of this very version of the service."""
    return FileResponse(CLIENT, media_type="text/x-python", headers={"Cache-Control": "no-cache"})
