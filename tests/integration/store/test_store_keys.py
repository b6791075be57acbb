"""API keys, the audit and quotas in the store."""

import hashlib
import hmac
import re
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.store import clock
from models.store.access import audit, keys, quotas
from models.store.access.scopes import Scope
from models.store.database import Database
from models.store.experiments import runs_of
from models.store.run_life.runs import request_cancel
from models.store.tables import ApiKey

from support.statements import statements
from support.stored import at, stored_experiment


def made(database: Database, name: str = "ann", scope: Scope = Scope.SUBMIT) -> tuple[str, str]:
    with database.transaction() as session:
        row, secret = keys.create_key(session, name, scope, at(0))
        return row.id, secret


def works(database: Database, secret: str) -> bool:
    with database.reading() as session:
        return keys.key_of(session, secret) is not None


def row_of(session: Session, secret: str) -> ApiKey:
    found = keys.key_of(session, secret)
    assert found is not None
    return found[0]


def test_a_key_is_256_random_bits_and_only_its_hash_is_kept(database: Database) -> None:
    (one, secret), (_, other) = made(database), made(database)
    assert secret != other
    assert re.fullmatch(r"tl_[A-Za-z0-9_-]{43}", secret)  # 43 base64 characters hold 256 bits
    with database.reading() as session:
        row = row_of(session, secret)
        assert (row.id, row.scope, row.last_used_at) == (one, "submit", None)
        assert row.digest == hashlib.sha256(secret.encode()).hexdigest()
        dump = session.connection().exec_driver_sql("SELECT * FROM api_keys").all()
    assert secret not in str(dump)


def test_no_time_tells_how_much_of_a_digest_was_right(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, secret), (other, _) = made(database), made(database)
    digest = keys.digest_of(secret)
    with database.transaction() as session:  # a digest that begins as the key's does
        session.get_one(ApiKey, other).digest = digest[:8] + "f" * 56
    compared: list[tuple[str, str]] = []

    def noted(stored: str, sent: str) -> bool:
        compared.append((stored, sent))
        return hmac.compare_digest(stored, sent)

    monkeypatch.setattr("models.store.access.keys.hmac", SimpleNamespace(compare_digest=noted))
    with database.reading() as session, statements(database.engine) as sent:
        row = row_of(session, secret)
    assert row.id == one
    assert (digest, digest) in compared
    assert any(digest[:8] in statement for statement in sent)
    assert not any(digest[:9] in statement for statement in sent), "the database compared it"
    with database.transaction() as session:
        session.get_one(ApiKey, one).digest = "0" * 64
    assert not works(database, secret)


@pytest.mark.parametrize(
    "wrong", ["", "tl_", "tl_" + "a" * 43, "tl_" + "a" * 44, "a\0b", "é" * 46, "tl_" + "' OR 1=1--"]
)
def test_anything_else_is_no_key(database: Database, wrong: str) -> None:
    _, secret = made(database)
    assert not works(database, wrong)
    assert not works(database, secret[:-1])
    assert not works(database, secret + "\n")


def test_a_revoked_key_works_no_more_and_keys_are_needed_still(database: Database) -> None:
    with database.reading() as session:
        assert not keys.any_key(session)
    one, secret = made(database)
    with database.transaction() as session:
        assert keys.revoke_key(session, one, at(9)).revoked_at == at(9)
        assert keys.revoke_key(session, "ann", at(10)).revoked_at == at(9)  # again is no error
    assert not works(database, secret)
    with database.reading() as session:
        assert keys.any_key(session)


def test_a_name_of_several_working_keys_does_not_say_which(database: Database) -> None:
    (one, first), (_, second) = made(database), made(database)
    with database.transaction() as session:
        with pytest.raises(Conflict, match=one):
            keys.revoke_key(session, "ann", at(1))
        with pytest.raises(NotFound):
            keys.revoke_key(session, "bob", at(1))
        keys.revoke_key(session, one, at(1))
        keys.revoke_key(session, "ann", at(2))  # now it does
    assert not works(database, first)
    assert not works(database, second)


def test_the_last_use_is_noted_to_ten_minutes(database: Database) -> None:
    one, secret = made(database)
    with database.transaction() as session:
        row = row_of(session, secret)
        assert keys.worth_noting(row, at(0))
        keys.note_use(session, one, at(0))
        session.refresh(row)
        assert row.last_used_at == at(0)
        assert not keys.worth_noting(row, at(599))
        assert keys.worth_noting(row, at(600))


def test_scopes_hold_those_before_them() -> None:
    assert Scope.READ < Scope.SUBMIT < Scope.ADMIN
    with pytest.raises(ValueError, match="read, submit, admin"):
        Scope.named("root")


def test_the_audit_tells_newest_first_by_subject_and_in_pieces(database: Database) -> None:
    with database.transaction() as session:
        for number, subject in enumerate(["exp_1", "exp_2", "exp_1"]):
            moment = at(number)
            audit.record(session, "created", subject, key_id="key_1", key_name="ann", now=moment)
    with database.reading() as session:
        entries = audit.entries(session, limit=2)
        assert [entry.at for entry in entries] == [at(2), at(1)]
        rest = audit.entries(session, before=entries[-1].id, limit=2)
        assert [(entry.at, entry.key_id, entry.key_name) for entry in rest] == [
            (at(0), "key_1", "ann")
        ]
        assert len(audit.entries(session, subject="exp_1", limit=9)) == 2


def test_queued_runs_are_counted_by_owner_and_nobody_is_one(database: Database) -> None:
    with database.transaction() as session:
        stored_experiment(session)
        mine = stored_experiment(session)
        mine.owner = "key_1"
        session.flush()
        request_cancel(session, runs_of(session, mine.id)[0].id, at(1))
    with database.reading() as session:
        counts = [quotas.queued_runs(session, owner) for owner in (None, "key_1", "key_2")]
    assert counts == [4, 3, 0]


def test_two_transactions_of_one_owner_count_one_after_the_other(database: Database) -> None:
    began, order = threading.Event(), []

    def second() -> None:
        began.set()
        with database.transaction() as session:
            quotas.take_turn(session, "key_1")
            order.append("second")

    with database.transaction() as session:
        quotas.take_turn(session, "key_1")
        beside = threading.Thread(target=second)
        beside.start()
        began.wait()
        beside.join(0.3)
        order.append("first")
    beside.join()
    assert order == ["first", "second"]


def test_a_key_comes_with_the_time_of_the_database(database: Database) -> None:
    _, secret = made(database)
    with database.asking() as session:
        before = clock.now(session)
        found = keys.key_of(session, secret)
        assert found is not None
        assert before <= found[1] <= clock.now(session)


def test_times_of_use_are_compared_with_their_zone(database: Database) -> None:
    one, secret = made(database)
    with database.transaction() as session:
        keys.note_use(session, one, at(0) + timedelta(hours=1))
    with database.reading() as session:
        row = row_of(session, secret)
        assert not keys.worth_noting(row, at(3601))
