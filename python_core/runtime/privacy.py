"""The privacy rules in force: read from their file, anew when it changes, and put to what is captured."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from python_core.config import (
    PrivacyRules,
    default_rules,
    load_or_seed_privacy_rules,
    read_privacy_rules,
    rules_path,
)
from python_core.errors import SettingsInvalid
from python_core.smrtdetect.rule_shapes import Rule
from python_core.utils.config_path_resolver import Paths
from python_core.utils.ids import digest_of
from python_core.utils.logger import get_logger_for

if TYPE_CHECKING:
    from python_core.smrtdetect.rule_book import RuleBook

#: Between two looks at the file.
LOOK_EVERY_S = 1.0
log = get_logger_for("python-runtime", __name__)


class FileMark(NamedTuple):
    """What changes when a file is written or replaced."""

    modified_ns: int
    size: int
    inode: int


class LiveRules:
    """The rules of a file, or the default ones without a file; safe for threads.

    What cannot be used any more, or is gone, leaves the rules as they were: an edit that fails must let nothing through.
    ``fault`` then says what is wrong with the file, in words without anything of it.
    """

    def __init__(
        self,
        rules: PrivacyRules | None = None,
        path: Path | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._monotonic = path, monotonic
        self._look_at_s = 0.0
        self._built: tuple[PrivacyRules, RuleBook] | None = None
        self._mutex = threading.Lock()
        self._mark: FileMark | None = None  # the first look reads it again: it may have changed since
        self.fault: str | None = None
        self._take(default_rules() if rules is None else rules)

    def current(self) -> RuleBook:
        """Return the rules in force."""
        self.look_when_due()
        rules, built = self._rules, self._built
        if built is None or built[0] is not rules:
            built = self._built = rules, book_of(rules)
        return built[1]

    @property
    def count(self) -> int:
        """How many rules are in force."""
        return sum(rule.enabled for rule in self._rules.rules)

    def look_when_due(self) -> None:
        """Read the file if it has changed, at most once in ``LOOK_EVERY_S``."""
        if self._path is not None and self._monotonic() >= self._look_at_s:
            self.look()

    def look(self) -> None:
        """Read the file if it has changed."""
        if self._path is None or not self._mutex.acquire(blocking=False):  # another thread is at it
            return
        try:
            self._look_at_s = self._monotonic() + LOOK_EVERY_S
            mark = _mark_of(self._path)
            if mark == self._mark and mark is not None:
                return
            try:
                self._take(read_privacy_rules(self._path))
            except SettingsInvalid as finding:
                self._refuse(finding)
            else:
                self.fault = None
            self._mark = mark
        finally:
            self._mutex.release()

    def _take(self, rules: PrivacyRules) -> None:
        self._rules = rules
        self.digest = digest_of(msgspec.json.encode(rules))

    def _refuse(self, finding: SettingsInvalid) -> None:
        # The finding's own words name the file's contents; the place is enough here: smrthub rules check tells all.
        at = finding.details[0].at if finding.details else ""
        fault = f"privacy-rules.json cannot be used{f' ({at})' if at else ''}: the rules from before hold"
        if fault != self.fault:
            self.fault = fault
            log.warning("The privacy rules cannot be read: those from before hold")


def load_rules(paths: Paths) -> LiveRules:
    """Read the user's rules for a process that starts, writing their file first where there is none.

    :raises SettingsInvalid: they cannot be used: nothing may start without them.
    """
    return LiveRules(load_or_seed_privacy_rules(paths), rules_path(paths))


def book_of(rules: PrivacyRules) -> RuleBook:
    """Make what judges of rules as they stand in a file; those that are not enabled are left out."""
    from python_core.smrtdetect.rule_book import RuleBook  # 8 ms of patterns that no start has to wait for

    return RuleBook(
        Rule(name=rule.name, action=rule.action, **msgspec.structs.asdict(rule.on))
        for rule in rules.rules
        if rule.enabled
    )


def _mark_of(path: Path | None) -> FileMark | None:
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return FileMark(found.st_mtime_ns, found.st_size, found.st_ino)
