// One job: the options page: shows what the worker wrote down, and asks the worker to act.

import { readOutbox } from "../src/outbox.js";
import { readPairing } from "../src/pairing.js";
import { portFault, readSettings, tokenFault } from "../src/settings.js";
import { readStatus } from "../src/status.js";
import { $, ask, setRichText, setText, stepItem } from "./page.js";
import { listenToButtons, showPairing } from "./panel.js";
import { describePairing } from "./pairing-words.js";
import { ago, describe, describeTest } from "./wording.js";

// The state in which the last test ended: its outcome is shown for as long as that holds.
let testedState = null;

async function showStatus() {
  const [status, outbox, pairing] = await Promise.all([readStatus(), readOutbox(), readPairing()]);
  const isPairing = pairing.state !== "none" && status.state !== "connected";
  const said = isPairing ? describePairing(pairing) : describe(status);
  const { tone, headline, explanation, steps } = said;
  $("status").dataset.tone = tone;
  $("status").dataset.state = status.state;
  setText("headline", headline);
  setRichText("explanation", explanation);
  $("steps").replaceChildren(...steps.map(stepItem));
  $("steps").hidden = steps.length === 0;
  showPairing(isPairing ? pairing : { state: "none" }, said);
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

function showFault(input, fault) {
  $("token").toggleAttribute("aria-invalid", false);
  $("port").toggleAttribute("aria-invalid", false);
  $("fault").hidden = fault === null;
  setText("fault", fault ?? "");
  if (fault === null) return;
  $("other-ways").open = true;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

/** The port in the form, or null where it cannot be one: then that is said beside it. */
function portToTry() {
  const port = Number($("port").value.trim() || NaN);
  showFault($("port"), portFault(port));
  return portFault(port) === null ? port : null;
}

async function save(event) {
  event.preventDefault();
  const stored = await readSettings();
  const token = $("token").value.trim() || stored.token;
  const wrongToken = tokenFault(token);
  if (wrongToken) return showFault($("token"), wrongToken);
  const port = portToTry();
  if (port === null) return;
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
listenToButtons(portToTry);
chrome.storage.local.onChanged.addListener((changes) => {
  showStatus();
  if (changes.settings) showSettings();
});
chrome.storage.session.onChanged.addListener(({ pairing }) => pairing && showStatus());
setInterval(showStatus, 30_000); // "5 minutes ago" grows while nothing else happens

const { version } = chrome.runtime.getManifest();
$("footer").textContent = `Version ${version} · extension id ${chrome.runtime.id}`;
showSettings();
showStatus();
ask({ ask: "check" });
