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


def test_an_item_of_a_list_is_found_by_its_name_as_well_as_by_its_number() -> None:
    spec = {"arms": [{"name": "vanilla", "steps": 1}, {"name": "modified", "steps": 1}]}
    changed = apply_settings(spec, ["arms.modified.steps=2", "arms.0.name=2024"])
    assert changed["arms"] == [{"name": "2024", "steps": 1}, {"name": "modified", "steps": 2}]
    apply_settings(changed, ["arms.2024.steps=3"])
    assert changed["arms"][0]["steps"] == 3


def test_the_arms_of_a_recipe_are_found_by_their_names() -> None:
    path = "arms.modified.loss.terms.1.among"
    changed = apply_settings({"recipe": "hard-negative-mining-small"}, [f"{path}=semi_hard"])
    names = [arm["name"] for arm in changed["arms"]]
    assert changed["arms"][names.index("modified")]["loss"]["terms"][1]["among"] == "semi_hard"
    assert "among" in changed["arms"][names.index("modified")]["loss"]["terms"][1]


def test_a_name_that_no_item_has_is_told_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit):
        apply_settings({"arms": [{"name": "a"}, {"name": "b"}]}, ["arms.c.steps=2"])
    assert "no item 'c'; its items are 0 to 1, called a, b." in capsys.readouterr().err
