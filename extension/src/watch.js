// One job: ask the browser for the facts behind its events and keep the memory of what is in front.
// Each function answers the reports that follow. Call them one at a time, in the order of the events.

import { blankMemory, nothingInFront, pageInFront, tabClosed } from "./attention.js";
import { pageOf } from "./observation.js";

// A reader moves no mouse for a while; three minutes is also ActivityWatch's limit.
const IDLE_AFTER_S = 180;

export async function onTabActivated(tabId, atMs) {
  const tab = await findTab(tabId);
  if (!tab || !(await hasFocus(tab.windowId))) return [];
  return step((memory) => pageInFront(memory, "activated", pageOf(tab), atMs));
}

// `then` is the tab as the event brought it: it says whether the tab was in front. What it shows is looked at
// again: events pile up while the worker wakes, and an old page told late would come after a newer one.
export async function onTabUpdated(then, atMs) {
  if (!then.active || !(await hasFocus(then.windowId))) return [];
  const tab = await findTab(then.id);
  if (!tab) return [];
  return step((memory) => pageInFront(memory, "updated", pageOf(tab), atMs));
}

export async function onWindowFocused(windowId, atMs) {
  const tab = windowId === chrome.windows.WINDOW_ID_NONE ? null : await activeTab(windowId);
  return step((memory) => pageInFront(memory, "activated", pageOf(tab), atMs));
}

export async function onTabRemoved(tabId, atMs) {
  return step((memory) => tabClosed(memory, tabId, atMs));
}

/** Looks again at what is in front: says it is still being read, and mends what a missed event left wrong. */
export async function onHeartbeat(atMs) {
  const found = await chrome.windows.getLastFocused().catch(() => null); // no window at all
  if (!found?.focused) return step((memory) => nothingInFront(memory, atMs));
  if ((await chrome.idle.queryState(IDLE_AFTER_S)) !== "active") return [];
  const tab = await activeTab(found.id);
  return step((memory) => pageInFront(memory, "heartbeat", pageOf(tab), atMs));
}

/** What is in front when the worker begins: no event tells of a tab that was open before. */
export async function onBegin(atMs) {
  const found = await chrome.windows.getLastFocused().catch(() => null);
  return found?.focused ? onWindowFocused(found.id, atMs) : [];
}

async function step(judge) {
  // The session area outlives the worker, which may be ended between any two events, and not the browser.
  const { attention = blankMemory() } = await chrome.storage.session.get("attention");
  const { memory, reports } = judge(attention);
  if (memory !== attention) await chrome.storage.session.set({ attention: memory });
  return reports;
}

const findTab = (tabId) => chrome.tabs.get(tabId).catch(() => null); // already closed again

async function hasFocus(windowId) {
  const found = await chrome.windows.get(windowId).catch(() => null);
  return found?.focused === true;
}

async function activeTab(windowId) {
  const [tab] = await chrome.tabs.query({ active: true, windowId });
  return tab ?? null;
}
