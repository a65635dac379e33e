// One job: what the extension knows of its connection, for the options page and the badge.
//
// state        unset       no token yet: nothing is collected
//              checking    asking
//              connected   the hub is there and has not refused us; `isPaused`: it stores nothing now
//              unreachable no hub on any port we know; `strangers` lists who answered instead
//              refused     the hub said 401 or 403 (`code` says why): nothing is sent until the user acts;
//                          or, with the code "unproven", who answers does not know the token
//              troubled    the hub is there and cannot take tabs now (`httpStatus`, `code`)

const KEY = "status";
const BLANK = {
  state: "unset",
  port: null,
  code: null,
  httpStatus: null,
  strangers: [],
  isPaused: false,
  lastDeliveredAtMs: null,
};

export async function readStatus() {
  const { [KEY]: status } = await chrome.storage.local.get(KEY);
  return { ...BLANK, ...status };
}

/** Replaces the status; only the time of the last delivery is kept where it is not given. */
export async function writeStatus(status) {
  const before = await readStatus();
  const now = { ...BLANK, lastDeliveredAtMs: before.lastDeliveredAtMs, ...status };
  if (JSON.stringify(now) === JSON.stringify(before)) return;
  await chrome.storage.local.set({ [KEY]: now });
  if (badgeOf(now) !== badgeOf(before)) await showBadge(now);
}

const TITLES = {
  paused: "SmrtChrome: the capture is paused; nothing is stored",
  unset: "SmrtChrome: not paired yet",
  unreachable: "SmrtChrome: the hub is not reachable",
  refused: "SmrtChrome: the hub refuses the token",
  troubled: "SmrtChrome: the hub cannot take tabs now",
};

const badgeOf = ({ state, isPaused }) => (isPaused ? "paused" : state);

export async function showBadge(status) {
  const badge = badgeOf(status);
  const title = TITLES[badge];
  await chrome.action.setBadgeBackgroundColor({ color: "#b45309" });
  await chrome.action.setBadgeTextColor({ color: "#ffffff" });
  await chrome.action.setBadgeText({ text: badge === "paused" ? "||" : title ? "!" : "" });
  await chrome.action.setTitle({ title: title ?? "SmrtChrome" });
}
