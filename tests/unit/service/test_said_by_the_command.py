"""What the command says of a service without workers, and of a refusal."""

import pytest

from api.cli.connection import _in_lines
from api.cli.services import warn_of_no_worker
from api.client import Refused
from models.settings import Settings


def test_a_service_that_no_worker_can_join_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_no_worker(Settings(broker_url="redis://127.0.0.1/0"))
    assert capsys.readouterr().err == ""
    warn_of_no_worker(Settings(broker_url=""))
    assert "none can join it, since its broker is embedded" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pointer", "named"),
    [
        ("/query/limit", "--limit"),
        ("/query/format", "the suffix of --output"),
        ("/query/a", "A"),
        ("/seeds/count", "/seeds/count"),
        ("", "the whole body"),
    ],
)
def test_a_refused_flag_is_named_as_it_was_given(pointer: str, named: str) -> None:
    errors = [{"pointer": pointer, "detail": "too large"}]
    refused = Refused(422, {"title": "Invalid", "detail": "too large", "errors": errors}, None)
    assert _in_lines(refused) == f"Invalid:\n  {named}: too large"


def test_refused_rows_come_with_what_becomes_of_the_file() -> None:
    detail = "30 rows cannot be used, so the whole file is refused; the first is at line 2."
    errors = [{"pointer": "/file", "detail": "line 2: no label"}]
    problem = {"title": "Bad rows", "detail": detail, "errors": errors, "rows_refused": 30}
    assert _in_lines(Refused(422, problem, None)).splitlines() == [
        f"Bad rows: {detail}",
        "  /file: line 2: no label",
        "  … and 29 more rows",
    ]
