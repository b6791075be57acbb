"""`--set`: what was meant as JSON and is none is said to be none."""

import pytest
import typer

from api.cli.documents import apply_settings


@pytest.mark.parametrize("text", ["{kind: connected_groups}", "[1, 2", ' {"kind": }'])
def test_a_value_that_begins_as_json_and_is_none_is_refused(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        apply_settings({}, [f"split={text}"])
    assert f"--set split: {text} is not JSON: " in capsys.readouterr().err


def test_text_may_begin_with_a_bracket() -> None:
    assert apply_settings({}, ["name=[draft] a question"]) == {"name": "[draft] a question"}
