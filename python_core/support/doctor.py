"""The doctor's walk along the whole chain, from the settings file to the last byte forgotten."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

from python_core.errors import HubError, NotReachable
from python_core.support.canary import Canary
from python_core.support.hops import Hop, run_checks
from python_core.support.hub_checks import Called, Running, Service, hub_checks
from python_core.support.machine import Machine
from python_core.support.own_checks import own_checks
from python_core.support.progress import Progress, unseen
from python_core.support.store_files import NAMES, Finding
from python_core.utils.processes import still_runs

#: About how many steps there are.
HOPS = 45
#: Gives a server of the running hub; NotReachable where none runs.
Connect = Callable[[Service], Called]


def walk_chain(
    machine: Machine, connect: Connect | None, *, canary: bool = True, progress: Progress = unseen
) -> list[Hop]:
    """Walk all of it and return what each step found; with ``connect`` None the hub is not asked.

    :param canary: send a tab and a clip through the hub, and forget them.
    """
    hops = []
    with closing(
        _walk(machine, connect, canary=canary)
    ) as walk:  # so that a broken-off walk forgets its canary at once
        for hop in walk:
            hops.append(hop)
            progress(len(hops), HOPS)
    return hops


def is_well(hops: list[Hop]) -> bool:
    """Say whether nothing failed; warnings and what was left out are no failure."""
    return all(hop.state != "failed" for hop in hops)


def told(hops: list[Hop]) -> list[dict[str, Any]]:
    """Return the hops as JSON has them."""
    return [dict(zip((*NAMES, "tookMs"), hop, strict=True)) for hop in hops]


def _walk(machine: Machine, connect: Connect | None, *, canary: bool) -> Generator[Hop, None, None]:
    yield from run_checks(own_checks(machine))
    if connect is not None:
        with ExitStack() as connections:
            yield from _ask(machine, lambda service: connections.enter_context(connect(service)), canary=canary)


def _ask(machine: Machine, connect: Connect, *, canary: bool) -> Iterator[Hop]:
    """Ask the hub itself, if there is one."""
    try:
        running = Running(connect("bridge"), _listener(connect), machine.now)
        running.bridge.prove()
    except NotReachable as fault:
        yield from run_checks([("hub", partial(_not_reached, machine, fault.message))])
        return
    except HubError as fault:
        refused = Finding("hub", "failed", fault.message, fault.code, "smrthub status says the same; start it again.")
        yield from run_checks([("hub", lambda: refused)])
        return
    yield from run_checks(hub_checks(running))
    if canary:
        walk = Canary(running)
        try:
            yield from run_checks(walk.checks())
        finally:
            walk.clean_up()


def _listener(connect: Connect) -> Called | None:
    """Reach the web listener, or nobody: the bridge may be served alone."""
    try:
        listener = connect("web-listener")
        listener.prove()
    except NotReachable:
        return None
    return listener


def _not_reached(machine: Machine, message: str) -> Finding:
    """A hub that nobody started is no fault; one that says it runs and does not answer is."""
    if not still_runs(machine.facts() or {}):
        return Finding("hub", "skipped", "not asked: it does not run", "not_running", "Start it: smrthub serve")
    return Finding("hub", "failed", message, "not_reachable", "Start it again: smrthub stop, smrthub serve")
