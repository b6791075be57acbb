"""The encoders that a spec's arms may have, and names of uploads in them that nothing has."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from models.specs.experiment import ExperimentSpec
from models.specs.training import EncoderSpec
from models.specs.tuned_arms import for_run


def every_encoder(spec: ExperimentSpec) -> Iterator[tuple[str, EncoderSpec]]:
    """Every encoder that an arm may have under a setting, with its place in the spec."""
    for setting in range(len(spec.tuning.all_settings) if spec.tuning else 1):
        for arm in spec.arms:
            encoder = for_run(spec, arm.name, setting).for_arm(arm.name).encoder
            yield spec.place_of(arm.name, "encoder"), encoder


def unknown_name(noun: str, name: str, known: Iterable[str], collection: str, file: str) -> str:
    """What to say where a spec names an upload that is not there; a `file` is what is uploaded."""
    names, command = list(known), f"tripletlab {collection} add {file} --name {name}"
    listing, page = f"GET /v1/{collection} lists", collection.capitalize()
    upload = f"upload it, with `{command}` or on the page ({page})"
    helps = f"name one that {listing}, or {upload}" if names else f"there is none yet: {upload}"
    near = get_close_matches(name, names, n=1, cutoff=0.75)
    if near:
        helps = f"is {near[0]!r} meant? {listing} the {collection}"
    return f"no {noun} is called {name!r}; {helps}"
