// One job: decide what of a tab may leave the browser, and give it the shape of the hub's contract.
// Pure: values in, values out.

import { newId } from "./ids.js";

// The hub cuts URLs at 8,192 and titles at 1,024 characters and marks the cut; these bounds lie beyond, so
// that the mark is the hub's, and still keep one hostile page from filling the outbox.
const MAX_URL_CHARS = 16_384;
const MAX_TITLE_CHARS = 2_048;

/** The page a tab shows, with only the fields we need, or null where nothing of it may leave the browser. */
export function pageOf(tab) {
  // The manifest says "incognito": "not_allowed"; this second check holds should that line ever change.
  if (!tab || tab.incognito !== false) return null;
  const url = webUrl(tab.url);
  if (url === null) return null;
  const title = titleOf(tab);
  return { tabId: tab.id, windowId: tab.windowId, url, title, audible: tab.audible === true };
}

/** One item of the body of POST /tab-info. */
export function observation(page, { event, focused, atMs, browser }) {
  return {
    id: newId(atMs),
    event,
    url: page.url,
    ...(page.title ? { title: page.title } : {}),
    tabId: page.tabId,
    windowId: page.windowId,
    ...(browser ? { browser } : {}),
    incognito: false,
    focused,
    audible: page.audible,
    observedAt: new Date(atMs).toISOString(),
  };
}

function webUrl(text) {
  if (!URL.canParse(text ?? "")) return null;
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  // The hub drops these too. They are taken out here because the outbox is a file, and both may hold secrets:
  // passwords before the host, access tokens behind the # of a sign-in redirect.
  url.username = "";
  url.password = "";
  const textFragment = url.hash.indexOf(":~:");
  url.hash = textFragment >= 0 ? "#" + url.hash.slice(textFragment) : "";
  return cleanText(url.href, MAX_URL_CHARS);
}

// Until a page has a title, and where it never has one, the browser gives its address instead.
function titleOf(tab) {
  const title = tab.title ?? "";
  const address = tab.url.replace(/^https?:\/\/(www\.)?/, "");
  const isAddress = title === address || title + "/" === address;
  return isAddress ? "" : cleanText(title, MAX_TITLE_CHARS);
}

// The hub refuses a body with a NUL or half a surrogate pair in it, and one such title would take the other
// tabs of its batch with it.
function cleanText(text, maxChars) {
  return text
    .slice(0, maxChars)
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f]/g, " ");
}
