// One job: turn what the browser says into what is worth telling: which page is in front, and when none is.
// Pure: (memory, what happened) in, { memory, reports } out. A report is { event, page, focused, atMs }.
//
// The hub hears about one page at a time, the one in front of the user. Tabs in the background and windows
// without focus are not reported: capture what is looked at, nothing else.

// A page may set its title every second ("(1) new message" and back). The first changes go out at once,
// because a page loads in steps; then no more than one in this time, and the heartbeat carries the latest.
const FREE_TITLE_CHANGES = 5;
const TITLE_PAUSE_MS = 10_000;

const MAX_PAGES = 300;

export const blankMemory = () => ({ front: null, pages: {} });

/** `page` (null: one that may not leave the browser) is now the active tab of the focused window. */
export function pageInFront(memory, event, page, atMs) {
  if (page === null) return nothingInFront(memory, atMs);
  const before = memory.pages[page.tabId];
  const alreadyInFront = memory.front === page.tabId && before.page.url === page.url;
  let titleChanges = 0;
  if (alreadyInFront) {
    const titleChanged = before.page.title !== page.title;
    titleChanges = before.titleChanges + (titleChanged ? 1 : 0);
    if (event !== "heartbeat" && !(titleChanged && mayTellTitle(titleChanges, before, atMs))) {
      return { memory, reports: [] };
    }
  }
  const pages = { ...memory.pages, [page.tabId]: { page, titleChanges, toldAtMs: atMs } };
  return {
    memory: { front: page.tabId, pages: newestPages(pages) },
    reports: [{ event, page, focused: true, atMs }],
  };
}

/** The focus went elsewhere: another program, an incognito window, a page of the browser's own. */
export function nothingInFront(memory, atMs) {
  if (memory.front === null) return { memory, reports: [] };
  const { page } = memory.pages[memory.front];
  return {
    memory: { ...memory, front: null },
    reports: [{ event: "updated", page, focused: false, atMs }],
  };
}

export function tabClosed(memory, tabId, atMs) {
  const known = memory.pages[tabId];
  if (!known) return { memory, reports: [] };
  const pages = { ...memory.pages };
  delete pages[tabId];
  return {
    memory: { front: memory.front === tabId ? null : memory.front, pages },
    reports: [{ event: "closed", page: known.page, focused: false, atMs }],
  };
}

function mayTellTitle(titleChanges, before, atMs) {
  return titleChanges <= FREE_TITLE_CHANGES || atMs - before.toldAtMs >= TITLE_PAUSE_MS;
}

function newestPages(pages) {
  const entries = Object.entries(pages);
  if (entries.length <= MAX_PAGES) return pages;
  entries.sort(([, one], [, other]) => other.toldAtMs - one.toldAtMs);
  return Object.fromEntries(entries.slice(0, MAX_PAGES));
}
