"""A service, and the Python client of it."""

from collections.abc import Iterator

import pytest

from api.client import Client

from support.api import ApiForTests, StartService


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """One kind of database is enough here: the client speaks HTTP alone."""
    return start_service()


@pytest.fixture
def lab(api: ApiForTests) -> Iterator[Client]:
    with Client(api.url, "") as client:
        yield client
