"""Rows that came with the revisions after the first, as a database in use has them."""

from collections.abc import Mapping

from support.first_revision import DAY, ENDED, UNFINISHED, Values, run_id

LATER: Mapping[str, Mapping[str, Values]] = {
    "0003": {
        "looks": {
            "experiment_id": ENDED,
            "number": 1,
            "pairs": 3,
            "level": 0.05,
            "spent": 0.05,
            "state": "taken",
            "taken_at": DAY,
        },
        "look_verdicts": {
            "experiment_id": ENDED,
            "number": 1,
            "arm": "modified",
            "pairs": 3,
            "mean_difference": 0.02,
            "sign_flip_p": 0.25,
            "equivalence_p": 1.0,
            "verdict": "undecided",
            "sentence": "3 paired seeds are too few.",
        },
    },
    "0004": {
        "reproductions": {
            "id": "rep_01kax1fbk0s5nq3m6r9t2v4w6y",
            "run_id": run_id(ENDED, 0, "vanilla"),
            "experiment_id": UNFINISHED,
            "created_at": DAY,
        },
        "predictions": {
            "id": "prd_01kax1fbk0s5nq3m6r9t2v4w6y",
            "run_id": run_id(ENDED, 0, "vanilla"),
            "created_at": DAY,
            "pairs": [["How?", "How so?"]],
            "attempt": 1,
            "worker_id": None,
            "answered_at": DAY,
            "threshold": 0.7,
            "similarities": [0.5],
            "reason": None,
        },
    },
    "0005": {
        "api_keys": {
            "id": "key_01kax1fbk0s5nq3m6r9t2v4w6y",
            "name": "ada",
            "scope": "admin",
            "digest": "b" * 64,
            "created_at": DAY,
            "revoked_at": DAY,
            "last_used_at": None,
        },
        "audit": {
            "at": DAY,
            "key_id": "key_01kax1fbk0s5nq3m6r9t2v4w6y",
            "key_name": "ada",
            "action": "created",
            "subject": ENDED,
        },
    },
    "0007": {
        "webhooks": {
            "id": "hook_01kax1fbk0s5nq3m6r9t2v4w6y",
            "owner": None,
            "url": "https://example.org/hook",
            "secret": "c" * 64,
            "events": ["experiment.succeeded"],
            "created_at": DAY,
        },
        "deliveries": {
            "id": "dlv_01kax1fbk0s5nq3m6r9t2v4w6y",
            "webhook_id": "hook_01kax1fbk0s5nq3m6r9t2v4w6y",
            "experiment_id": ENDED,
            "end_event": 7,
            "kind": "experiment.succeeded",
            "body": "{}",
            "created_at": DAY,
            "attempt": 1,
            "due_at": None,
            "delivered_at": DAY,
            "status": 200,
            "reason": None,
        },
    },
    "0011": {
        "tunings": {
            "experiment_id": ENDED,
            "state": "chosen",
            "chosen_at": DAY,
            "reason": None,
        },
        "tuning_choices": {
            "experiment_id": ENDED,
            "arm": "modified",
            "seed": -1,
            "setting": 1,
            "mean": 0.8,
        },
    },
    "0013": {
        "pretrained_models": {
            "id": "mod_01kax1fbk0s5nq3m6r9t2v4w6y",
            "name": "minilm",
            "content_hash": "e" * 64,
            "created_at": DAY,
            "architecture": "bert",
            "parameters": 22_713_216,
            "width": 384,
            "layers": 6,
            "heads": 12,
            "feedforward": 1536,
            "vocabulary_size": 30_522,
            "positions": 512,
            "pooling": "mean",
            "size": 90_868_376,
            "owner": None,
        },
    },
    "0014": {
        "studies": {
            "id": "std_01kax1fbk0s5nq3m6r9t2v4w6y",
            "name": "On every data set",
            "created_at": DAY,
            "planned": True,
            "idempotency_key": None,
            "request_hash": "d" * 64,
            "owner": None,
        },
        "study_members": {
            "study_id": "std_01kax1fbk0s5nq3m6r9t2v4w6y",
            "position": 0,
            "dataset": "pairs",
            "experiment_id": ENDED,
        },
    },
}
"""A row of each table that came after the first revision, by the revision that brought it."""
