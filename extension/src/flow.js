// One job: what follows from each answer of the hub while pairing (the shape of RFC 8628).
// Pure: (what is known, reply, time) in, changes of the record out; `pairing.js` says what a record holds.

import { tokenFault } from "./settings.js";

// How often the hub is tried while its user has not opened the window, and for how long.
const TRY_PAUSE_MS = 3_000;
const TRY_FOR_MS = 5 * 60_000;

// On top of the hub's interval: timers may ring a little early, and the hub answers that with slow_down.
const POLL_SLACK_MS = 100;
const SLOWER_BY_S = 5; // RFC 8628, 3.5
const DEFAULT_INTERVAL_S = 5; // RFC 8628, 3.2
const MIN_INTERVAL_S = 1;
const MAX_INTERVAL_S = 60;
const MAX_LIFE_S = 30 * 60;

/** A new record: the hub is looked for, or only at `port` where the user has chosen it. */
export const newPairing = (id, port, atMs) => ({
  id,
  state: "seeking",
  isChosen: port !== null,
  port,
  why: null,
  strangers: [],
  nextAtMs: atMs,
  untilMs: atMs + TRY_FOR_MS,
});

/** After a look for the hub that did not end with one port to ask. */
export function afterSearch({ ports, strangers }, atMs) {
  if (ports.length > 1) return { state: "several", ports };
  return { ...later("unreachable", atMs), strangers };
}

/** After POST /pair at a port: a code to show, or another try later. */
export function afterAsking(record, port, reply, atMs) {
  if (!isOurs(reply)) {
    const strangers = reply ? [{ port, httpStatus: reply.httpStatus, service: reply.service }] : [];
    return { ...later("unreachable", atMs), strangers, port: record.isChosen ? port : null };
  }
  const { httpStatus, body } = reply;
  const code = codeOf(reply);
  if (isSuccess(httpStatus)) {
    const begun = begunOf(body, atMs);
    return begun ? { ...begun, port } : { state: "unfit", port, httpStatus, code: null };
  }
  // The gate lets no extension in while the window is closed, unless one has asked before: then it is denied.
  if (code === "access_denied" || code === "forbidden_origin") return { ...later("closed", atMs), port };
  if (code === "conflict") return { ...later("crowded", atMs), port };
  if (httpStatus === 429 || httpStatus >= 500) return { ...later("busy", atMs, retryAfterS(reply)), port };
  return { state: "unfit", port, httpStatus, code };
}

/** After POST /pair/token: the token, or what the user has said so far. */
export function afterPolling(record, reply, atMs) {
  // Whoever is not there may be starting again: the hub keeps the request. A stranger knows nothing of it.
  if (!isOurs(reply)) return pollLater(record, atMs);
  if (isSuccess(reply.httpStatus)) {
    const token = String(reply.body?.token ?? "");
    if (tokenFault(token) === null) return { state: "allowed", token, deviceCode: null };
    return { state: "unfit", httpStatus: reply.httpStatus, code: null };
  }
  switch (codeOf(reply)) {
    case "expired_token":
      return { state: "expired" };
    case "access_denied": // may be taken back while the request lasts, so asking goes on
      return { ...pollLater(record, atMs), state: "denied" };
    case "slow_down": {
      const intervalS = Math.min(record.intervalS + SLOWER_BY_S, MAX_INTERVAL_S);
      return { ...pollLater({ intervalS }, atMs), intervalS };
    }
    default: // authorization_pending, and what will pass
      return pollLater(record, atMs, retryAfterS(reply));
  }
}

function begunOf(body, atMs) {
  const { deviceCode, userCode, expiresIn, interval = DEFAULT_INTERVAL_S } = body ?? {};
  const isWhole =
    isText(deviceCode, 512) && isText(userCode, 40) && isPositive(expiresIn) && isPositive(interval);
  if (!isWhole) return null;
  const intervalS = Math.min(Math.max(interval, MIN_INTERVAL_S), MAX_INTERVAL_S);
  return {
    state: "waiting",
    deviceCode,
    userCode,
    intervalS,
    nextAtMs: atMs + intervalS * 1_000 + POLL_SLACK_MS,
    expiresAtMs: atMs + Math.min(expiresIn, MAX_LIFE_S) * 1_000,
    isSame: false,
  };
}

const later = (why, atMs, pauseS = 0) => ({ why, nextAtMs: atMs + Math.max(TRY_PAUSE_MS, pauseS * 1_000) });

const pollLater = ({ intervalS }, atMs, pauseS = 0) => ({
  nextAtMs: atMs + Math.max(intervalS, pauseS) * 1_000 + POLL_SLACK_MS,
});

const isOurs = (reply) => reply?.service === "web-listener";
const isSuccess = (httpStatus) => httpStatus >= 200 && httpStatus <= 299;
const isText = (value, maxChars) =>
  typeof value === "string" && /^[\x21-\x7e]+$/.test(value) && value.length <= maxChars;
const isPositive = (value) => Number.isFinite(value) && value > 0;
const codeOf = ({ body }) => (typeof body?.error?.code === "string" ? body.error.code : null);
const retryAfterS = ({ retryAfter }) => Math.min(Number(retryAfter) || 0, MAX_INTERVAL_S);
