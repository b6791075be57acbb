"""Files that are served as they are: the page at `/`, the Python client in one file, and the two
texts that tell agents how to work here.

The page is plain HTML, CSS and ES modules from `api/web`, without a build step. It is a client of
`/v1` like any other: it has no data until the browser sends a request with a key, so its files need
no key. Everything that it loads comes from there, fonts and chart library included.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

router = APIRouter(tags=["client"])

FOLDER = Path(str(files("api") / "web"))
CLIENT = Path(str(files("api") / "client.py"))
GUIDES = Path(str(files("api") / "agents"))

# Trusted Types: no script of the page can turn text into markup, whoever wrote the text. A blob is
# an image that the page has made itself: a chart that becomes a picture
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# files change with an upgrade, so browsers must check whether their copy is current
REVALIDATE = {"Cache-Control": "no-cache"}


class PageFiles(StaticFiles):
    """Files that a browser caches, and revalidates each time.

    A view loads dozens of them, and all are under 1 MB, so what was asked for is kept in memory:
    finding, opening and reading each takes threads, and a third of what an answer costs.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory)
        self._kept: dict[str, _Kept] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        kept, asked = self._kept.get(path), Headers(scope=scope)
        fresh = kept is not None and kept.is_fresh()
        whole = scope["method"] == "GET" and "range" not in asked
        if kept is None or not fresh or not whole:
            response = await super().get_response(path, scope)
            response.headers.update(REVALIDATE)
            if isinstance(response, FileResponse) and not fresh:
                self._kept[path] = _Kept(Path(response.path))
            return response
        if self.is_not_modified(kept.headers, asked):
            return NotModifiedResponse(kept.headers)
        return Response(kept.content, headers=kept.headers)


class _Kept:
    """A file as it was when it was read, with the headers that tell it."""

    def __init__(self, file: Path) -> None:
        found = file.stat()
        self._file, self._changed = file, found.st_mtime_ns
        self.content = file.read_bytes()
        self.headers = FileResponse(file, headers=REVALIDATE, stat_result=found).headers

    def is_fresh(self) -> bool:
        try:
            return self._file.stat().st_mtime_ns == self._changed
        except OSError:  # it has gone
            return False


def install(app: FastAPI) -> None:
    """Serve the page at `/`, and the files that it loads below `/web`."""
    app.mount("/web", PageFiles(directory=FOLDER), name="web")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        headers = {"Content-Security-Policy": POLICY, **REVALIDATE}
        return FileResponse(FOLDER / "index.html", headers=headers)


def _text(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string"}}}}}


@router.get(
    "/client/tripletlab.py",
    response_class=FileResponse,
    responses={
        200: {
            "description": "One file that needs only httpx; `import tripletlab` from its folder.",
            "content": {"text/x-python": {"schema": {"type": "string"}}},
        }
    },
)
def download_client() -> FileResponse:
    """Download the Python client of this version of the service."""
    return FileResponse(CLIENT, media_type="text/x-python", headers=REVALIDATE)


@router.get("/llms.txt", response_class=FileResponse, responses=_text("text/plain"))
def get_llms_txt() -> FileResponse:
    """Return what this service is and where what is told, for language models."""
    return FileResponse(GUIDES / "llms.txt", media_type="text/plain", headers=REVALIDATE)


@router.get("/client/SKILL.md", response_class=FileResponse, responses=_text("text/markdown"))
def get_skill() -> FileResponse:
    """Return how an agent asks here and obeys the verdict, as a skill."""
    return FileResponse(GUIDES / "SKILL.md", media_type="text/markdown", headers=REVALIDATE)
