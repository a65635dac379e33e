// One job: the options page: shows what the worker wrote down, and asks the worker to act.
// The page writes no storage itself: the worker is the one writer.

import { readOutbox } from "../src/outbox.js";
import { portFault, readSettings, tokenFault } from "../src/settings.js";
import { readStatus } from "../src/status.js";
import { ago, describe, describeTest } from "./wording.js";

const $ = (id) => document.getElementById(id);
const ask = (message) => chrome.runtime.sendMessage(message);

// The state in which the last test ended: its outcome is shown for as long as that holds.
let testedState = null;

async function showStatus() {
  const [status, outbox] = await Promise.all([readStatus(), readOutbox()]);
  const { tone, headline, explanation, steps } = describe(status);
  $("status").dataset.tone = tone;
  $("status").dataset.state = status.state;
  setText("headline", headline);
  setText("explanation", explanation);
  $("explanation").hidden = explanation === "";
  $("steps").replaceChildren(...steps.map(stepItem));
  $("steps").hidden = steps.length === 0;
  setText("last-delivered", ago(status.lastDeliveredAtMs, Date.now()));
  $("last-delivered").title = status.lastDeliveredAtMs
    ? new Date(status.lastDeliveredAtMs).toLocaleString()
    : "";
  setText("pending", String(outbox.items.length));
  setText("dropped", String(outbox.dropped));
  $("discard").hidden = outbox.items.length === 0;
  $("test").disabled = status.state === "unset";
  if (testedState !== null && testedState !== status.state) showNoTest();
}

async function showSettings() {
  const { token, port } = await readSettings();
  // The token itself is not put back into the page: nobody needs to see it again.
  $("token").value = "";
  $("token").placeholder = token ? "saved; paste another to replace it" : "shb_…";
  $("port").value = String(port);
  $("stored").hidden = token === "";
}

// A live region is read aloud at each change of its text, also to the same text.
function setText(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function stepItem(step) {
  const item = document.createElement("li");
  step.split("`").forEach((part, position) => {
    if (position % 2 === 0) return item.append(part);
    const code = document.createElement("code");
    code.textContent = part;
    return item.append(code);
  });
  return item;
}

function showFault(input, fault) {
  $("token").toggleAttribute("aria-invalid", false);
  $("port").toggleAttribute("aria-invalid", false);
  $("fault").hidden = fault === null;
  setText("fault", fault ?? "");
  if (fault === null) return;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

async function save(event) {
  event.preventDefault();
  const stored = await readSettings();
  const token = $("token").value.trim() || stored.token;
  const port = Number($("port").value.trim() || NaN);
  const wrongToken = tokenFault(token);
  if (wrongToken) return showFault($("token"), wrongToken);
  const wrongPort = portFault(port);
  if (wrongPort) return showFault($("port"), wrongPort);
  showFault(null, null);
  await busyWhile($("connection").querySelector("button"), async () => {
    await showTest(await ask({ ask: "save", settings: { token, port } }));
    await showSettings();
  });
}

async function busyWhile(button, work) {
  button.disabled = true;
  showNoTest();
  try {
    await work();
  } finally {
    button.disabled = false;
  }
}

function showNoTest() {
  testedState = null;
  setText("test-result", "");
}

async function showTest(outcome) {
  testedState = (await readStatus()).state;
  setText("test-result", describeTest(outcome));
}

$("connection").addEventListener("submit", save);
$("test").addEventListener("click", () =>
  busyWhile($("test"), async () => showTest(await ask({ ask: "test" }))),
);
$("discard").addEventListener("click", () => ask({ ask: "discard" }));
$("disconnect").addEventListener("click", async () => {
  await ask({ ask: "disconnect" });
  showNoTest();
  await showSettings();
});
chrome.storage.local.onChanged.addListener(showStatus);
setInterval(showStatus, 30_000); // "5 minutes ago" grows while nothing else happens

const { version } = chrome.runtime.getManifest();
$("footer").textContent = `Version ${version} · extension id ${chrome.runtime.id}`;
showSettings();
showStatus();
ask({ ask: "check" });
