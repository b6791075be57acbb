"""URLs of broker and database: passwords and TLS reach the driver, and no error quotes one."""

import ssl
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kombu.transport.redis import Channel
from pydantic import ValidationError
from sqlalchemy import make_url

from models.broker import celery_app
from models.settings import Settings
from models.store.database import Database


def redis_receives(url: str) -> dict[str, Any]:
    """The arguments that Celery's transport gives to each connection of the Redis client."""
    app = celery_app(url)
    connection = app.connection_for_write()
    channel: Any = Channel.__new__(Channel)  # its stub declares no `_connparams`
    channel.connection = type("Transport", (), {"client": connection})()
    received: dict[str, Any] = channel._connparams()
    app.close()
    return received


def psycopg_receives(url: str) -> dict[str, Any]:
    database = Database(url)
    arguments = database.engine.dialect.create_connect_args(database.engine.url)[1]
    database.close()
    return dict(arguments)


def test_the_broker_receives_user_password_and_database() -> None:
    received = redis_receives("redis://lab:p%40ss%2Fw%3A@broker.example:6390/3")
    wanted = {"host": "broker.example", "port": 6390, "username": "lab", "password": "p@ss/w:"}
    assert {name: received[name] for name in wanted} == wanted
    assert received["db"] == 3
    assert "ssl_cert_reqs" not in received


def test_a_broker_by_tls_must_show_a_certificate_unless_the_url_says_otherwise() -> None:
    received = redis_receives("rediss://:pw@broker.example:6380/0")
    assert received["connection_class"].__name__ == "SSLConnection"
    assert (received["password"], received["ssl_cert_reqs"]) == ("pw", ssl.CERT_REQUIRED)
    assert received["ssl_check_hostname"] is True
    own = redis_receives("rediss://:pw@broker.example:6380/0?ssl_ca_certs=/etc/ca.pem")
    assert (own["ssl_ca_certs"], own["ssl_cert_reqs"]) == ("/etc/ca.pem", ssl.CERT_REQUIRED)
    lax = redis_receives("rediss://:pw@broker.example:6380/0?ssl_cert_reqs=CERT_NONE")
    assert lax["ssl_cert_reqs"] == ssl.CERT_NONE


def test_the_database_receives_password_and_tls_mode() -> None:
    received = psycopg_receives(
        "postgresql://lab:p%40ss%2Fw%3A@db.example:5433/lab?sslmode=verify-full&sslrootcert=/ca.pem"
    )
    wanted = {
        "host": "db.example",
        "port": 5433,
        "user": "lab",
        "password": "p@ss/w:",
        "dbname": "lab",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
    }
    assert {name: received[name] for name in wanted} == wanted


SECRET = "hunter2hunter2"
around = st.text(st.sampled_from("/:@?#[]%\\ é"), max_size=4)


@given(around, around, st.sampled_from(["postgresql", "mysql", "redis", "rediss", "", "nonsense"]))
@settings(max_examples=150)
def test_no_error_of_a_url_quotes_the_password_in_it(before: str, after: str, scheme: str) -> None:
    url = f"{scheme}://lab:{before}{SECRET}{after}@host:6000/0"
    said = []
    uses: tuple[Callable[[str], Any], ...] = (Database, celery_app)
    for use in uses:
        try:
            use(url).close()
        except ValueError as error:
            said.append(f"{error} {error.__cause__}")
    assert not any(SECRET in sentence for sentence in said)


@pytest.mark.parametrize(
    ("use", "url"),
    [
        (Database, f"postgresql://lab:{SECRET}"),
        (Database, f"postgresql//lab:{SECRET}@host/0"),
        (celery_app, f"redis://lab:{SECRET}/a@host/0"),
    ],
)
def test_a_url_that_cannot_be_read_is_refused_with_its_form(use: Any, url: str) -> None:
    with pytest.raises(ValueError, match="%2F") as caught:
        use(url)
    assert SECRET not in str(caught.value)


def test_settings_show_no_secret_in_words_or_errors() -> None:
    given_ = Settings(
        database_url=f"postgresql://lab:{SECRET}@h/lab",
        broker_url=f"redis://:{SECRET}@h/0",
        key=f"tl_{SECRET}",
    )
    assert SECRET not in f"{given_!r} {given_}"
    assert SECRET in given_.database_url
    with pytest.raises(ValidationError) as caught:
        Settings(workers=SECRET)
    assert SECRET not in str(caught.value)


def test_an_engine_shows_neither_its_password_nor_what_people_sent() -> None:
    database = Database("sqlite://")
    with pytest.raises(Exception, match="no such table") as caught, database.reading() as session:
        session.connection().exec_driver_sql("SELECT * FROM absent WHERE x = ?", (SECRET,))
    assert SECRET not in str(caught.value)
    database.close()
    assert SECRET not in repr(make_url(f"postgresql://lab:{SECRET}@h/lab"))
