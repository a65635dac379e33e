// One job: the service worker: hears the browser's events and the options page, and hands them on.
// Listeners are set at the top level and at once: a worker that is woken for an event must have them by then.

import { browserName } from "./browser.js";
import { check, deliver, sendTest } from "./delivery.js";
import { observation } from "./observation.js";
import { add, clearOutbox } from "./outbox.js";
import { cancelPairing, goOn, pair, sayIsSame, whenPaired } from "./pairing.js";
import { makeQueue } from "./queue.js";
import { readSettings, writeSettings } from "./settings.js";
import { readStatus, showBadge } from "./status.js";
import * as watch from "./watch.js";

const HEARTBEAT = "heartbeat";
const HEARTBEAT_MINUTES = 0.5; // the least Chrome allows

const inOrder = makeQueue();
const browser = browserName();
let lastAtMs = 0;

chrome.tabs.onActivated.addListener(({ tabId }) => heard((atMs) => watch.onTabActivated(tabId, atMs)));
chrome.tabs.onRemoved.addListener((tabId) => heard((atMs) => watch.onTabRemoved(tabId, atMs)));
chrome.windows.onFocusChanged.addListener((windowId) =>
  heard((atMs) => watch.onWindowFocused(windowId, atMs)),
);
chrome.tabs.onUpdated.addListener((_tabId, change, tab) => {
  const worthIt = change.url !== undefined || change.title !== undefined || change.status === "complete";
  if (worthIt) heard((atMs) => watch.onTabUpdated(tab, atMs));
});
chrome.alarms.onAlarm.addListener(({ name }) => {
  if (name !== HEARTBEAT) return;
  heard(watch.onHeartbeat);
  goOn();
});

chrome.runtime.onStartup.addListener(() => heard(watch.onBegin));
chrome.runtime.onInstalled.addListener(({ reason }) => {
  heard(watch.onBegin);
  if (reason === "install") chrome.runtime.openOptionsPage();
});
chrome.action.onClicked.addListener(() => chrome.runtime.openOptionsPage());

const ANSWERS = {
  check: () => check(),
  test: () => sendTest(),
  pair: (wanted) => pair(wanted),
  same: (compared) => sayIsSame(compared),
  cancel: () => cancelPairing(),
  save: ({ settings }) => save(settings),
  disconnect: () => disconnect(),
  discard: () => clearOutbox(),
};
chrome.runtime.onMessage.addListener((message, _sender, answer) => {
  const act = ANSWERS[message?.ask];
  if (!act) return false;
  act(message).then(answer, () => answer({ kind: "failed" }));
  return true; // the answer comes later
});

whenPaired(connect);
goOn();
ensureHeartbeat();
readStatus().then(showBadge);

/** Takes the time of the event at once, judges events in their order, keeps what is to be told, and sends. */
async function heard(look) {
  // Two events of one millisecond would leave the hub to guess which of them came last.
  const atMs = Math.max(Date.now(), lastAtMs + 1);
  lastAtMs = atMs;
  const connected = await inOrder(async () => {
    // Without a token the user has connected nothing: nothing is looked at, nothing kept.
    if ((await readSettings()).token === "") return false;
    for (const { page, ...report } of await look(atMs)) {
      await add(observation(page, { ...report, browser }));
    }
    return true;
  });
  if (connected) await deliver();
}

async function save(settings) {
  await cancelPairing();
  await writeSettings(settings);
  return connect();
}

async function connect() {
  const answer = await sendTest();
  await heard(watch.onBegin);
  return answer;
}

async function disconnect() {
  await cancelPairing();
  await writeSettings({ token: "" });
  await inOrder(() => chrome.storage.session.remove("attention"));
  await clearOutbox();
  await deliver();
}

// An alarm may be lost when the browser is updated or ends badly, so each start of the worker looks.
async function ensureHeartbeat() {
  if (await chrome.alarms.get(HEARTBEAT)) return;
  await chrome.alarms.create(HEARTBEAT, { periodInMinutes: HEARTBEAT_MINUTES });
}
