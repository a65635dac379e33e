// One job: bring the outbox to the hub, one request at a time, and keep the status true.
//
// An item leaves the outbox when the hub has answered for it. The worker may be ended between that answer and
// the removal: the item is then sent again, and the hub knows its id.

import { newId } from "./ids.js";
import { findHub, ping, postTabs } from "./hub.js";
import { MAX_BATCH, giveUp, nextBatch, settle } from "./outbox.js";
import { makeQueue } from "./queue.js";
import { readSettings } from "./settings.js";
import { readStatus, writeStatus } from "./status.js";

// How long a port that answered as the hub is believed without asking again.
const TRUST_PORT_MS = 5_000;
const MAX_PAUSE_MS = 60_000;
// A worker without events lives 30 s; a longer pause is ended by the heartbeat alarm instead.
const MAX_TIMER_MS = 25_000;

const inTurn = makeQueue();
let waiting = null;

/** Sends what waits, unless a pause after a failure lasts. Calls during a run share one more run. */
export function deliver() {
  waiting ??= inTurn(() => {
    waiting = null;
    return sendAll();
  });
  return waiting;
}

/** Asks for the hub now, pause or not: the user is looking. A refusal stays until the user acts on it. */
export function check() {
  return inTurn(async () => {
    await forgetPause();
    return sendAll({ evenIfEmpty: true });
  });
}

/** Sends one page that the hub knows not to store, and answers what came of it: { kind, code?, ms }. */
export function sendTest() {
  return inTurn(async () => {
    await forgetPause();
    await writeStatus({ state: "checking" });
    const began = performance.now();
    const answer = await sendOne(probe());
    const ms = Math.max(1, Math.round(performance.now() - began));
    if (answer.kind === "settled") {
      await writeStatus({ state: "checking", isPaused: saysPaused(answer.results) });
    }
    await sendAll({ evenIfEmpty: true });
    return { kind: answer.kind, code: answer.code ?? null, ms };
  });
}

/** A page that the hub knows not to store: its answer tells whether anything is captured. */
const probe = () => ({
  id: newId(),
  event: "updated",
  url: "about:blank",
  title: "SmrtChrome test",
  focused: false,
});

// The newest tells: an older one may have been seen in a pause that is over.
const saysPaused = (results) => results.at(-1)?.reason === "paused";

export const pauseMs = (failures, retryAfterS = 0) =>
  Math.max(Math.min(1_000 * 2 ** (failures - 1), MAX_PAUSE_MS), retryAfterS * 1_000);

async function sendAll({ evenIfEmpty = false } = {}) {
  const { token, port: preferredPort } = await readSettings();
  if (token === "") return writeStatus({ state: "unset" });
  const { state, code, isPaused: wasPaused } = await readStatus();
  const { notBeforeMs } = await readPause();
  // Whoever could not prove to be the hub has seen no token, so asking again gives nothing away.
  if (state === "refused" && code !== "unproven") return;
  if (Date.now() < notBeforeMs) return;
  if (state === "connected" && !wasPaused && !evenIfEmpty && (await nextBatch(1)).length === 0) return;

  const found = await knownHub(preferredPort, token);
  if (found.port === null) return failedToFind(found);
  const { port } = found;
  let limit = MAX_BATCH;
  let isPaused = false;
  if (wasPaused && (await nextBatch(1)).length === 0) {
    const answer = await postTabs(port, token, [probe()]);
    if (answer.kind !== "settled") return failedWith(answer, port);
    isPaused = saysPaused(answer.results);
  }
  for (let batch = await nextBatch(limit); batch.length > 0; batch = await nextBatch(limit)) {
    const answer = await postTabs(port, token, batch);
    if (answer.kind === "settled") {
      const ids = settledIds(batch, answer.results);
      if (ids.length === 0) return failed({ state: "troubled", port, code: "no_results" });
      await settle(ids);
      isPaused = saysPaused(answer.results);
      const delivered = isPaused ? {} : { lastDeliveredAtMs: Date.now() };
      await writeStatus({ state: "connected", port, isPaused, ...delivered });
      limit = Math.min(limit * 2, MAX_BATCH);
    } else if (answer.kind === "unreadable") {
      // One item the hub cannot read must not hold up the rest: halve until it is alone, then let it go.
      if (batch.length === 1) await giveUp([batch[0].id]);
      limit = Math.max(1, Math.floor(batch.length / 2));
    } else {
      return failedWith(answer, port);
    }
  }
  await writePause({ failures: 0, notBeforeMs: 0 });
  return writeStatus({ state: "connected", port, isPaused });
}

async function sendOne(item) {
  const { token, port: preferredPort } = await readSettings();
  if (token === "") return { kind: "unset" };
  const found = await knownHub(preferredPort, token);
  if (found.port === null) {
    await failedToFind(found);
    return { kind: found.isUnproven ? "unproven" : "unreachable" };
  }
  const answer = await postTabs(found.port, token, [item]);
  if (answer.kind !== "settled") await failedWith(answer, found.port);
  return answer;
}

/** The ids the hub has answered for. Of an item it could not even read it knows no id, only the place. */
export function settledIds(batch, results) {
  const answered = new Set(results.map((result) => result?.id));
  const byPlace = (place) => results.length === batch.length && results[place]?.id === null;
  return batch.filter((item, place) => answered.has(item.id) || byPlace(place)).map((item) => item.id);
}

// --- failures ---

function failedToFind({ strangers, isUnproven }) {
  return failed(isUnproven ? { state: "refused", code: "unproven" } : { state: "unreachable", strangers });
}

function failedWith({ kind, httpStatus, code, retryAfterS }, port) {
  if (kind === "refused") return writeStatus({ state: "refused", port, httpStatus, code });
  if (kind === "unreachable") return failed({ state: "unreachable" });
  if (kind === "stranger") {
    return failed({ state: "unreachable", strangers: [{ port, httpStatus, service: null }] });
  }
  return failed({ state: "troubled", port, httpStatus, code }, retryAfterS);
}

async function failed(status, retryAfterS = 0) {
  await chrome.storage.session.remove("hub");
  const failures = (await readPause()).failures + 1;
  const pause = pauseMs(failures, retryAfterS);
  await writePause({ failures, notBeforeMs: Date.now() + pause });
  if (pause <= MAX_TIMER_MS) setTimeout(deliver, pause);
  return writeStatus(status);
}

async function readPause() {
  const { pause } = await chrome.storage.session.get("pause");
  return pause ?? { failures: 0, notBeforeMs: 0 };
}

const writePause = (pause) => chrome.storage.session.set({ pause });

const forgetPause = () => chrome.storage.session.remove(["hub", "pause"]);

// --- the port ---

async function knownHub(preferredPort, token) {
  const { hub } = await chrome.storage.session.get("hub");
  if (hub && Date.now() - hub.seenAtMs < TRUST_PORT_MS) return { port: hub.port };
  const isStillThere = hub ? (await ping(hub.port, token)).isHub : false;
  const found = isStillThere ? { port: hub.port } : await findHub(preferredPort, token);
  if (found.port !== null) {
    await chrome.storage.session.set({ hub: { port: found.port, seenAtMs: Date.now() } });
  }
  return found;
}
