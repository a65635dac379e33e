// One job: pair with the hub: ask for a token, keep the code for the page to show, wait for the user.
//
// Before there is a token nobody can prove to be the hub. A program that poses as it can say yes at once, and
// cannot show our code on the user's hub. So a yes is believed only when the user has said here, too, that
// the hub shows the same code; until then the token lies unused.
//
// The record, one at a time. It holds secrets, so it lives in memory (storage.session), which outlives the
// worker and not the browser.
//   state    seeking   tries to ask; `why` not yet: closed (the hub's window), unreachable (`strangers`),
//                      crowded, busy
//            waiting   `userCode` is to be compared; `isSame`: the user has said so
//            denied    the user has said no on the hub; that can be taken back until the code expires
//            allowed   the hub has given the token; used once `isSame`
//            several   more than one port (`ports`) claims to be the hub: the user has to choose
//            expired, stopped (enough tried), unfit (an answer that this version does not understand)
//            none      nothing under way

import { afterAsking, afterPolling, afterSearch, newPairing } from "./flow.js";
import { findClaimants, postPair, postPairToken } from "./hub.js";
import { newId } from "./ids.js";
import { makeQueue } from "./queue.js";
import { readSettings, writeSettings } from "./settings.js";

const KEY = "pairing";
const NONE = { state: "none" };
const ASKED = { name: "SmrtChrome", kind: "extension", scopes: ["tabs:write"] };

const inTurn = makeQueue();
const oneStepAtATime = makeQueue();
let timer;
let tellPaired = async () => {};

export async function readPairing() {
  const { [KEY]: record } = await chrome.storage.session.get(KEY);
  return record ?? NONE;
}

/** What to do once there is a token. */
export function whenPaired(tell) {
  tellPaired = tell;
}

/** Begins to pair, or tries anew; a code that is shown stays. `isChosen`: ask at this port and no other. */
export async function pair({ port, isChosen }) {
  await inTurn(async () => {
    if (["waiting", "allowed"].includes((await readPairing()).state)) return;
    await writeSettings({ port });
    await write(newPairing(newId(), isChosen ? port : null, Date.now()));
  });
  goOn();
}

/** The user says that the hub shows this code, too. */
export async function sayIsSame({ userCode }) {
  await inTurn(async () => {
    const record = await readPairing();
    if (record.userCode === userCode) await write({ ...record, isSame: true });
  });
  goOn();
}

export const cancelPairing = () => inTurn(() => chrome.storage.session.remove(KEY));

/** Does what is due, now and whenever it is; call it when the worker begins and when the alarm rings. */
export const goOn = () => oneStepAtATime(step);

async function step() {
  const record = await readPairing();
  if (record.state === "allowed" && record.isSame) return finish(record);
  if (!["seeking", "waiting", "denied"].includes(record.state)) return;
  const waitMs = record.nextAtMs - Date.now();
  clearTimeout(timer);
  if (waitMs > 0) {
    // A worker without events lives 30 s; after a longer pause the heartbeat's alarm goes on instead.
    timer = setTimeout(goOn, waitMs);
    return;
  }
  const changes = record.state === "seeking" ? await ask(record) : await poll(record);
  await inTurn(async () => {
    const now = await readPairing();
    // The user may have cancelled meanwhile, or begun another, or said that the codes are the same.
    if (now.id === record.id) await write({ ...now, ...changes });
  });
  goOn();
}

async function ask(record) {
  if (Date.now() >= record.untilMs) return { state: "stopped" };
  let { port } = record;
  if (port === null) {
    const found = await findClaimants((await readSettings()).port);
    if (found.ports.length !== 1) return afterSearch(found, Date.now());
    [port] = found.ports;
  }
  return afterAsking(record, port, await postPair(port, ASKED), Date.now());
}

async function poll(record) {
  if (Date.now() >= record.expiresAtMs) return { state: "expired" };
  return afterPolling(record, await postPairToken(record.port, record.deviceCode), Date.now());
}

// The record goes last, so that a worker that ends in between does it again.
async function finish({ token }) {
  await writeSettings({ token });
  await tellPaired();
  await cancelPairing();
}

const write = (record) => chrome.storage.session.set({ [KEY]: record });
