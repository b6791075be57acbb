"""What may be given in place of an id, to the command and by agents: its beginning, `latest`, or a
run by its arm and seed.

latest                     the newest experiment, study or webhook
exp_01kax, 01kax           the one whose id begins so
latest/modified/3          the run of an experiment, named in one of these ways, by arm and seed

The API itself takes whole ids alone, so that a link never comes to mean another experiment.
"""

import re

from api.client import Client, TripletlabError

LATEST = "latest"
LETTERS = 26  # of an id, after its prefix
NOUNS = {"exp": "experiment", "run": "run", "std": "study", "whk": "webhook"}
LISTS = {"exp": "/v1/experiments", "std": "/v1/studies", "whk": "/v1/webhooks"}
SHOWN = 8  # candidates of what is ambiguous

Candidates = list[tuple[str, str]]
"""Ids, and what a person knows each by."""


class NotFoundByName(TripletlabError):
    """Nothing has this name."""


class SeveralOfThatName(TripletlabError):
    """The ids of several begin so; the sentence lists some of them."""


def experiment_id(client: Client, named: str) -> str:
    """Return the id. Raises `NotFoundByName`, and `SeveralOfThatName` where it is not one alone."""
    return _id_of(client, named, "exp")


def study_id(client: Client, named: str) -> str:
    """As `experiment_id`."""
    return _id_of(client, named, "std")


def webhook_id(client: Client, named: str) -> str:
    """As `experiment_id`."""
    return _id_of(client, named, "whk")


def run_id(client: Client, named: str) -> str:
    """As `experiment_id`, also of a run that is given as EXPERIMENT/ARM/SEED."""
    experiment, _, rest = named.partition("/")
    if not rest:
        return _id_of(client, named, "run")
    arm, _, seed = rest.rpartition("/")
    runs = client.experiment(experiment_id(client, experiment)).runs
    compared = [run for run in runs if not run.document["tuning"]]
    found = next((run for run in compared if (run.arm, str(run.seed)) == (arm, seed)), None)
    if found is None:
        arms = ", ".join(dict.fromkeys(run.arm for run in compared))
        seeds = ", ".join(str(one) for one in sorted({run.seed for run in compared}))
        told = f"{experiment} has no run {rest}; its arms: {arms}; its seeds: {seeds}."
        raise NotFoundByName(told)
    return found.id


def arm_of(client: Client, named: str) -> str:
    """Return EXPERIMENT/ARM with the whole id of the experiment."""
    experiment, slash, arm = named.partition("/")
    return f"{experiment_id(client, experiment)}{slash}{arm}"


def _id_of(client: Client, named: str, kind: str) -> str:
    if re.fullmatch(rf"{kind}_[0-9a-z]{{{LETTERS}}}", named):
        return named
    if named == LATEST and kind in LISTS:
        newest = client.get(LISTS[kind], **({} if kind == "whk" else {"limit": 1}))["items"]
        if not newest:
            raise NotFoundByName(f"There is no {NOUNS[kind]} yet.")
        return str(newest[-1 if kind == "whk" else 0]["id"])
    beginning = named if named.startswith(f"{kind}_") else f"{kind}_{named}"
    if not re.fullmatch(rf"{kind}_[0-9a-z]{{1,{LETTERS}}}", beginning):
        raise NotFoundByName(_none(kind, named))
    return _only(_candidates(client, beginning, kind), kind, named)


def _candidates(client: Client, beginning: str, kind: str) -> Candidates:
    if kind == "whk":
        hooks = client.get(LISTS[kind])["items"]
        return [(one["id"], one["url"]) for one in hooks if one["id"].startswith(beginning)]
    found = client.get("/v1/ids", beginning=beginning, limit=SHOWN + 1)["items"]
    return [(one["id"], one["about"]) for one in found]


def _only(found: Candidates, kind: str, named: str) -> str:
    if not found:
        raise NotFoundByName(_none(kind, named))
    if len(found) > 1:
        shown = [f"  {one}  {about}" for one, about in found[:SHOWN]]
        more = ["  …"] if len(found) > SHOWN else []
        several = f"The ids of several begin with {named}; type more of it:"
        raise SeveralOfThatName("\n".join([several, *shown, *more]))
    return found[0][0]


def _none(kind: str, named: str) -> str:
    return f"There is no {NOUNS[kind]} whose id is {named!r}, or begins so."
