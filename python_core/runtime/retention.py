"""Retention: how long things are kept. Everything for good, unless the settings say otherwise; never silently.

What the settings have forgotten is announced first (``retention_due``) and goes a day later at the earliest; each time it is a
forgetting like any other, with a receipt. What an output cites is spared: the citation is the user's word that it matters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from python_core.runtime.events import announce
from python_core.runtime.forgetting import Selection, carry_out, count_selected
from python_core.runtime.hub import OWNER, Caller, Hub
from python_core.runtime.shapes import View
from python_core.store import Connection, forgettings, meta, tallies
from python_core.utils.ids import new_id
from python_core.utils.logger import get_logger_for
from python_core.utils.timestamps import to_rfc3339

DAY_MS = 86_400_000
#: Between the announcement and the first time, and between two times.
NOTICE_MS = DAY_MS
_MIB = 1024 * 1024
_LONG_AGO_MS = -(2**53)
#: Agreed on in the store: for which settings it was announced, and when it is the next time.
_KEY = "retention"
log = get_logger_for("python-runtime", __name__)


@dataclass(frozen=True)
class Rule:
    """A setting that has things of one kind forgotten: by days, by count, or by mebibytes of all that is stored."""

    setting: str
    kind: str
    keeps: int


class RuleView(View, frozen=True, kw_only=True):
    """What one setting does to one kind: how many go now, and how many would within a week if nothing was added."""

    setting: str
    kind: str
    keeps: int
    now: int
    in_a_week: int


class RetentionView(View, frozen=True, kw_only=True, omit_defaults=False):
    """Which settings have things forgotten, and when that is the next time: null while there is nothing to do, or no setting."""

    rules: list[RuleView]
    next_run_at: str | None


def get_retention(hub: Hub) -> RetentionView:
    """Say what the settings have forgotten now and within a week; changes nothing."""
    agreed = _agreed(hub)
    views = [
        RuleView(
            setting=rule.setting,
            kind=rule.kind,
            keeps=rule.keeps,
            now=_count(hub, rule, hub.now()),
            in_a_week=_count(hub, rule, hub.now() + 7 * DAY_MS),
        )
        for rule in _rules_of(hub)
    ]
    return RetentionView(rules=views, next_run_at=to_rfc3339(agreed) if views and agreed is not None else None)


def keep_retention(hub: Hub) -> None:
    """Have forgotten what the settings say, once a day; announce it a day before the first time under these settings."""
    now_ms = hub.now()
    rules = list(_rules_of(hub))
    if not rules:
        return
    due_ms = _agreed(hub)
    if due_ms is None:
        _give_notice(hub, rules)
    elif now_ms >= due_ms:
        hub.store.write(lambda conn: meta.set_value(conn, _KEY, _agreement(hub, now_ms + NOTICE_MS)))
        for rule in rules:
            if _count(hub, rule, now_ms):
                receipt = carry_out(hub, _caller(), _selection(hub, rule, now_ms), "retention", answer_within_s=0)
                log.information(
                    "Retention began a forgetting by {setting}: {receipt_id}",
                    setting=rule.setting,
                    receipt_id=receipt.id,
                )


def _give_notice(hub: Hub, rules: list[Rule]) -> None:
    counts = {"clip": 0, "visit": 0, "output": 0}
    for rule in rules:  # two rules may mean the same items: at least so many go
        counts[rule.kind] = max(counts[rule.kind], _count(hub, rule, hub.now() + NOTICE_MS))
    if not any(counts.values()):
        return

    def note(conn: Connection) -> None:
        meta.set_value(conn, _KEY, _agreement(hub, hub.now() + NOTICE_MS))
        told = {f"{kind}s": count for kind, count in counts.items()}
        announce(conn, hub, _caller(), "retention_due", **told)

    hub.store.write(note)
    log.warning("The settings will have items forgotten from tomorrow on: {count}", count=sum(counts.values()))


def _agreed(hub: Hub) -> int | None:
    """Return when it is the next time under these settings; None: it was not announced for them."""
    with hub.store.reading() as conn:
        text = meta.get_value(conn, _KEY)
    digest, due_ms = msgspec.json.decode(text, type=tuple[str, int]) if text else ("", 0)
    return due_ms if digest == _digest(hub) else None


def _agreement(hub: Hub, due_ms: int) -> str:
    return msgspec.json.encode((_digest(hub), due_ms)).decode()


def _digest(hub: Hub) -> str:
    return hashlib.sha256(repr(list(_rules_of(hub))).encode()).hexdigest()[:16]


def _rules_of(hub: Hub) -> Iterator[Rule]:
    settings = hub.settings.bridge
    for setting, kind, keeps in (
        ("keepClipDays", "clip", settings.keep_clip_days),
        ("keepVisitDays", "visit", settings.keep_visit_days),
        ("keepOutputDays", "output", settings.keep_output_days),
        ("keepClips", "clip", settings.keep_clips),
        ("keepVisits", "visit", settings.keep_visits),
        ("keepMib", "clip", settings.keep_mib),
        ("keepMib", "visit", settings.keep_mib),
    ):
        if keeps:
            yield Rule(setting, kind, keeps)


def _count(hub: Hub, rule: Rule, at_ms: int) -> int:
    return count_selected(hub, _selection(hub, rule, at_ms), "retention").counts[f"{rule.kind}s"]


def _selection(hub: Hub, rule: Rule, at_ms: int) -> Selection:
    kinds = frozenset({rule.kind})
    if rule.setting.endswith("Days"):
        before_ms = at_ms - rule.keeps * DAY_MS
        return Selection(None, None, _LONG_AGO_MS, before_ms, kinds, spares_cited=True)
    with hub.store.reading() as conn:
        keeps = rule.keeps if rule.setting != "keepMib" else _share_kept(conn, rule)
        return Selection(None, None, None, None, kinds, True, forgettings.get_last_beyond(conn, rule.kind, keeps))


def _share_kept(conn: Connection, rule: Rule) -> int:
    """Return how many of a kind stay where all that is stored shall take so many mebibytes: as large a share as that is of it."""
    stored, count = tallies.count_stored_bytes(conn), tallies.get_tallies(conn)[f"{rule.kind}s"]
    return count if stored <= rule.keeps * _MIB else count * rule.keeps * _MIB // stored


def _caller() -> Caller:
    return Caller(OWNER, "retention", new_id().replace("-", ""))
