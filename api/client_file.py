"""`/client/tripletlab.py`: the Python client, for notebooks where nothing of ours is installed."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter(tags=["client"])

SOURCE = Path(__file__).with_name("client.py")


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
def client_file() -> FileResponse:
    """The Python client of this very version of the service."""
    return FileResponse(SOURCE, media_type="text/x-python", headers={"Cache-Control": "no-cache"})
