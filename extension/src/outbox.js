// One job: keep observations on disk until the hub has them.
// One key holds everything, so that each change is one write: the worker may be ended at any moment.

import { makeQueue } from "./queue.js";

const KEY = "outbox";
export const MAX_ITEMS = 1_000;
// storage.local holds 10 MB; a box of long URLs must stay well below.
const MAX_BOX_CHARS = 3_000_000;
// The hub takes 100 tabs and 256 KiB a request.
export const MAX_BATCH = 100;
const MAX_BATCH_BYTES = 200 * 1024;

const inTurn = makeQueue();

export async function readOutbox() {
  const { [KEY]: box = { items: [], dropped: 0 } } = await chrome.storage.local.get(KEY);
  return box;
}

export const add = (item) => change((box) => withItem(box, item));

/** Takes out what the hub answered for, by id. */
export const settle = (ids) => change((box) => without(box, ids, 0));

/** Takes out what the hub cannot read, by id, and counts it as lost. */
export const giveUp = (ids) => change((box) => without(box, ids, ids.length));

export const clearOutbox = () => change(() => ({ items: [], dropped: 0 }));

/** The oldest items, at most `limit`, that fit into one request. */
export async function nextBatch(limit = MAX_BATCH) {
  return batchOf((await readOutbox()).items, limit);
}

export function batchOf(items, limit) {
  const encoder = new TextEncoder();
  const batch = [];
  let bytes = 0;
  for (const item of items.slice(0, limit)) {
    bytes += encoder.encode(JSON.stringify(item)).length + 1;
    if (bytes > MAX_BATCH_BYTES && batch.length > 0) break;
    batch.push(item);
  }
  return batch;
}

export function withItem(box, item) {
  const items = [...box.items, item];
  let dropped = box.dropped;
  while (items.length > MAX_ITEMS || (items.length > 1 && JSON.stringify(items).length > MAX_BOX_CHARS)) {
    // The oldest goes, heartbeats first: without one a visit is known a little shorter, without its
    // activation it is not known at all.
    const heartbeat = items.findIndex((kept) => kept.event === "heartbeat");
    items.splice(Math.max(heartbeat, 0), 1);
    dropped += 1;
  }
  return { items, dropped };
}

function without(box, ids, lost) {
  const gone = new Set(ids);
  return { items: box.items.filter((item) => !gone.has(item.id)), dropped: box.dropped + lost };
}

function change(edit) {
  return inTurn(async () => chrome.storage.local.set({ [KEY]: edit(await readOutbox()) }));
}
