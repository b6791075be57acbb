"""Services to be hurt, one for each way in which the service is run."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from support.faults.hurt_service import EmbeddedService, SeparateService, opened
from support.faults.ledger import Ledger
from support.faults.own_servers import Absent


@pytest.fixture(scope="module")
def separate() -> Iterator[Ledger]:
    """API, two workers, Redis and PostgreSQL; what an undisturbed run gives is known."""
    # a lease that no busy machine breaks: one test counts on attempts that nothing disturbs
    yield from _known(SeparateService, lease_seconds=12.0, max_attempts=5)


@pytest.fixture(scope="module")
def embedded() -> Iterator[Ledger]:
    """`tripletlab serve` by itself; what an undisturbed run gives is known."""
    yield from _known(EmbeddedService, lease_seconds=4.0, max_attempts=8)


def _known(
    kind: type[SeparateService] | type[EmbeddedService], **settings: Any
) -> Iterator[Ledger]:
    try:
        with opened(kind, **settings) as service:
            ledger = Ledger(service, {})
            ledger.learn("lstm")
            yield ledger
    except Absent as absent:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(absent))
