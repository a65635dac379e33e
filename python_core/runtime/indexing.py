"""Make what was stored findable, and keep the index quick: in transactions so short that nobody who stores something waits."""

from __future__ import annotations

from python_core.errors import HubError
from python_core.runtime.hub import Hub
from python_core.store import Connection, document_index, documents
from python_core.utils.logger import get_logger_for

#: Documents of one transaction of the index, and characters of texts after which none is added: some 6 ms, in which nobody
#: else can write; for the longest text that is taken some 25.
INDEXED_AT_ONCE, ENOUGH_CHARS = 32, 16_384
#: Older documents that get their pairs of words in one transaction, and characters of texts after which none is added: some 20 ms.
PAIRED_AT_ONCE, PAIRED_CHARS = 128, 131_072
#: Items that wait for the index while more come in, and so many that a search takes in by itself.
WAITING_AT_MOST, TAKEN_IN_AT_MOST = 400, 512

log = get_logger_for("python-runtime", __name__)


def index_new(hub: Hub) -> bool:
    """Make what was stored since the last time findable, in transactions of a few milliseconds, some ``TAKEN_IN_AT_MOST`` of it.

    Return whether there is more than that.

    A search does so first, the save worker when it is idle, and nobody who stores something waits for it. Where the store
    cannot be written to, a search finds what it found before.
    """
    with hub.store.reading() as conn:
        pending = document_index.has_unindexed(conn)
    try:
        taken_in = 0
        while pending and taken_in < TAKEN_IN_AT_MOST:
            count, pending = hub.store.write(_index_some)
            taken_in += count
    except HubError as fault:
        log.warning("New items could not be indexed: {code}", code=fault.code)
    return pending


def _index_some(conn: Connection) -> tuple[int, bool]:
    count = document_index.index_documents(conn, INDEXED_AT_ONCE, ENOUGH_CHARS)
    return count, document_index.has_unindexed(conn)


def index_when_quiet(hub: Hub, newest: int) -> int:
    """Make new items findable if none came since ``newest`` was the last one, or many wait; return which is the last one now.

    While they come one after the other, each batch would be in the way of the next.
    """
    with hub.store.reading() as conn:
        last = documents.get_last_row(conn)
        waiting = last - documents.get_newest_document(conn)
    if waiting and (last == newest or waiting > WAITING_AT_MOST):
        index_new(hub)
    return last


def pair_when_quiet(hub: Hub) -> bool:
    """Put pairs of words of some older documents into the index; return whether there are more.

    A store that was made before there were pairs has none; phrases are then looked for among words, which takes longer.
    """
    try:
        return hub.store.write(lambda conn: document_index.index_older_pairs(conn, PAIRED_AT_ONCE, PAIRED_CHARS))
    except HubError as fault:
        log.warning("Pairs of words could not be indexed: {code}", code=fault.code)
        return False


def join_pieces(hub: Hub) -> bool:
    """Join a few of the pieces that the index was written in, some 25 ms long; return whether there is more to join.

    Each batch is a piece by itself. A search looks into every piece for each of its words, and a removal for each word,
    pair and three characters of what goes.
    """
    try:
        return hub.store.write(lambda conn: document_index.merge_index(conn, begin=False))
    except HubError as fault:
        log.warning("The search index could not be joined: {code}", code=fault.code)
        return False
