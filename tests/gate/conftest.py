"""What the gate's tests are given: a hub behind real servers, whose handlers only tell that they ran, or do what they do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from python_core.store import Store, open_store
from tests.gate.doors import House, house_of
from tests.hubs import Clock, make_hub

ALLOWED: dict[str, object] = {"allowed_hosts": ("Hub.Test:80",)}


@pytest.fixture(scope="module")
def module_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all tests of a module: what they leave in it must not matter."""
    store = open_store(tmp_path_factory.mktemp("gate") / "stored")
    yield store
    store.close()


@pytest.fixture(scope="module")
def house(module_store: Store) -> Iterator[House]:
    """Servers whose handlers only tell; for tables of refusals that count nothing."""
    hub = make_hub(module_store, Clock(), bridge={"test_hooks": True} | ALLOWED, listener=ALLOWED)
    with house_of(hub) as house:
        yield house


@pytest.fixture(autouse=True)
def _no_handler_of_the_test_before(request: pytest.FixtureRequest) -> None:
    """Forget which handlers ran for another test: the servers are shared by a module, the order is random."""
    if "house" in request.fixturenames:
        request.getfixturevalue("house").took()
