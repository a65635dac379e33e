"""Privacy rules and what is stored already: rehearse what they would do, and have them do it; a bounded part at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec

from python_core.config import rules_of
from python_core.errors import BadInput
from python_core.runtime.forgetting import Selection, carry_out, note_rewritten
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.privacy import book_of
from python_core.runtime.shapes import Body, View, cursor_of, place_of
from python_core.runtime.stored_items import Outcome, StoredItem, outcome_of, read_again, read_item
from python_core.smrtdetect.rule_shapes import Hit
from python_core.store import Connection, marks
from python_core.store.rewriting import KINDS, count_rows, list_rows, newest_rows
from python_core.utils.timestamps import to_rfc3339

if TYPE_CHECKING:
    from python_core.smrtdetect.rule_book import RuleBook

#: What one call looks at: so many items, or for so long.
ITEMS_AT_ONCE, LOOKS_S = 500, 0.25
#: Items that one transaction rewrites, between which others write.
REWRITTEN_AT_ONCE = 50
#: Characters shown before and after what a rule found.
AROUND_CHARS = 24
SHOWN_CHARS = 60

_Cursor = Annotated[str, msgspec.Meta(max_length=200)]


class Rehearsal(Body, frozen=True, kw_only=True):
    """Rules to try, as in ``privacy-rules.json``; without them, those in force. ``samples`` of each rule and kind are shown."""

    rules: Annotated[list[Any], msgspec.Meta(max_length=200)] | None = None
    samples: Annotated[int, msgspec.Meta(ge=0, le=20)] = 3
    cursor: _Cursor | None = None


class Application(Body, frozen=True, kw_only=True):
    """Where to go on: ``nextCursor`` of the part before."""

    cursor: _Cursor | None = None


class RuleCount(View, frozen=True, kw_only=True):
    """How many of the items that were looked at a rule concerns."""

    name: str
    action: Literal["drop", "redact", "mark"]
    items: int


class RuleSample(View, frozen=True, kw_only=True):
    """What a rule found: a piece of the text around ``[start, end)``, or by the item's place, without marks."""

    rule: str
    kind: str
    id: str
    at: str
    excerpt: str
    marks: list[tuple[int, int]]


class RehearsalPage(View, frozen=True, kw_only=True, omit_defaults=False):
    """What the rules would do to a part of the history: ``looked`` items of about ``total``; nothing was changed."""

    looked: int
    total: int
    rules: list[RuleCount]
    samples: list[RuleSample]
    trust: Literal["untrusted"]
    next_cursor: str | None


class ApplicationPage(View, frozen=True, kw_only=True, omit_defaults=False):
    """What the rules did to a part of the history; ``receipts`` tell when nothing of it is left in any file."""

    looked: int
    total: int
    dropped: int
    redacted: int
    marked: int
    receipts: list[str]
    next_cursor: str | None


class _Place(NamedTuple):
    """Where a walk over all items is: the kind, the row before, and the newest row of each kind when it began."""

    kind: int
    after: int
    upto: tuple[int, ...]


def rehearse(hub: Hub, wanted: Rehearsal) -> RehearsalPage:
    """Say what rules would do to the next part of what is stored.

    :raises BadInput: a rule cannot be used, or the cursor is none.
    """
    book = _book_of(hub, wanted.rules)
    counts = dict.fromkeys((rule.name for rule in book.rules), 0)
    shown = dict.fromkeys(counts, 0)
    samples = list[RuleSample]()
    with hub.store.reading() as conn:
        place, total = _place_of(conn, wanted.cursor)
        looked, following = 0, None
        for item, following in _walk(conn, place):  # noqa: B007  # the last one counts
            looked += 1
            hits = book.hits(item.place, item.texts, item.kinds)
            for hit in {each.rule.name: each for each in reversed(hits)}.values():
                counts[hit.rule.name] += 1
                if shown[hit.rule.name] < wanted.samples:
                    shown[hit.rule.name] += 1
                    samples.append(_sample(item, hit))
    return RehearsalPage(
        looked=looked,
        total=total,
        rules=[RuleCount(name=rule.name, action=rule.action, items=counts[rule.name]) for rule in book.rules],
        samples=samples,
        trust="untrusted",
        next_cursor=_cursor(following),
    )


def apply_rules(hub: Hub, caller: Caller, wanted: Application) -> ApplicationPage:
    """Put the rules in force to the next part of what is stored: drop forgets an item, redact rewrites it, mark marks it.

    :raises BadInput: the cursor is none.
    """
    hub.rules.look()
    with hub.store.reading() as conn:
        place, total = _place_of(conn, wanted.cursor)
        looked, following = 0, None
        found = list[tuple[StoredItem, Outcome]]()
        for item, following in _walk(conn, place):  # noqa: B007  # the last one counts
            looked += 1
            outcome = outcome_of(hub, item)
            if outcome.rule is not None or outcome.rewrite is not None or outcome.marks:
                found.append((item, outcome))
    kept = [(item, outcome) for item, outcome in found if outcome.rule is None]
    gone = [item.id for item, outcome in found if outcome.rule is not None]
    receipts = list[str]()
    for first in range(0, len(kept), REWRITTEN_AT_ONCE):
        receipt, late = _rewrite(hub, caller, kept[first : first + REWRITTEN_AT_ONCE])
        receipts += receipt
        gone += late
    if gone:
        chosen = Selection(gone, None, None, None, frozenset(KINDS))
        receipts.append(carry_out(hub, caller, chosen, "rule", answer_within_s=LOOKS_S).id)
    hub.work_queued.set()
    return ApplicationPage(
        looked=looked,
        total=total,
        dropped=len(gone),
        redacted=sum(outcome.rewrite is not None for _, outcome in kept),
        marked=sum(outcome.rewrite is None for _, outcome in kept),
        receipts=receipts,
        next_cursor=_cursor(following),
    )


def _rewrite(hub: Hub, caller: Caller, items: list[tuple[StoredItem, Outcome]]) -> tuple[list[str], list[str]]:
    """Write what the rules left of items over them, and mark them; return the receipt, and ids that are now to be dropped.

    An item that was changed or forgotten since it was judged is judged again: what it was must not come back.
    """

    def act(conn: Connection) -> tuple[list[str], list[str]]:
        rewritten, gone = list[StoredItem](), list[str]()
        for judged, first in items:
            item = read_again(conn, judged)
            if item is None:
                continue
            outcome = first if (item.texts, item.place) == (judged.texts, judged.place) else outcome_of(hub, item)
            if outcome.rule is not None:
                gone.append(item.id)
                continue
            marks.add_marks(conn, item.id, outcome.marks)
            if outcome.rewrite is not None:
                outcome.rewrite(conn)
                rewritten.append(item)
        times = [item.at_ms for item in rewritten]
        return [note_rewritten(conn, hub, caller, [item.id for item in rewritten], min(times))] if times else [], gone

    return hub.store.write(act)


def _book_of(hub: Hub, rules: list[Any] | None) -> RuleBook:
    if rules is None:
        return hub.rules.current()
    found, faults = rules_of({"rules": rules})
    if faults:
        raise BadInput("These rules cannot be used.", details=faults)
    return book_of(found)


def _walk(conn: Connection, place: _Place) -> Iterator[tuple[StoredItem, _Place | None]]:
    """Yield items with the place after each, None after the last of all, until enough is looked at."""
    end, left = time.monotonic() + LOOKS_S, ITEMS_AT_ONCE
    for n in range(place.kind, len(KINDS)):
        after = place.after if n == place.kind else 0
        while rows := list_rows(conn, KINDS[n], after, place.upto[n], 100):
            for after in rows:
                yield read_item(conn, KINDS[n], after), _next_place(conn, _Place(n, after, place.upto))
                left -= 1
                if left == 0 or time.monotonic() >= end:
                    return


def _next_place(conn: Connection, place: _Place) -> _Place | None:
    """Return the place itself where anything is left behind it."""
    if list_rows(conn, KINDS[place.kind], place.after, place.upto[place.kind], 1):
        return place
    others = range(place.kind + 1, len(KINDS))
    return next((_Place(n, 0, place.upto) for n in others if list_rows(conn, KINDS[n], 0, place.upto[n], 1)), None)


def _place_of(conn: Connection, cursor: str | None) -> tuple[_Place, int]:
    numbers = place_of(cursor, 2 + len(KINDS))
    if numbers is None:
        numbers = (0, 0, *newest_rows(conn).values())
    if numbers[0] >= len(KINDS):
        raise BadInput.at("/cursor", "is not a cursor of this walk")
    upto = numbers[2:]
    total = sum(count_rows(conn, kind, last) for kind, last in zip(KINDS, upto, strict=True))
    return _Place(numbers[0], numbers[1], upto), total


def _cursor(place: _Place | None) -> str | None:
    return None if place is None else cursor_of(place.kind, place.after, *place.upto)


def _sample(item: StoredItem, hit: Hit) -> RuleSample:
    if hit.n < 0:
        told = (item.place.window_title, item.place.page_title, item.place.url, item.place.app)
        excerpt, marked = next((text for text in told if text), "")[: 2 * SHOWN_CHARS], list[tuple[int, int]]()
    else:
        text, start = item.texts[hit.n], max(0, hit.start - AROUND_CHARS)
        end = min(hit.end, hit.start + SHOWN_CHARS)
        excerpt, marked = text[start : end + AROUND_CHARS], [(hit.start - start, end - start)]
    return RuleSample(
        rule=hit.rule.name, kind=item.kind, id=item.id, at=to_rfc3339(item.at_ms), excerpt=excerpt, marks=marked
    )
