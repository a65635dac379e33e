// One job: the pairing's part of the options page: its code and its buttons.

import { $, ask, setRichText, setText } from "./page.js";

const SHOWS_CODE = ["waiting", "allowed"];

/** Shows the code and the buttons for what `describePairing`, or `describe`, has said. */
export function showPairing({ state, userCode, ports }, { note = "", canPair, canSay, canCancel }) {
  const hadFocus = $("actions").contains(document.activeElement);
  $("status").dataset.pairing = state;
  $("code").hidden = !SHOWS_CODE.includes(state);
  setText("code", SHOWS_CODE.includes(state) ? userCode : "");
  setRichText("note", note);
  $("pair").hidden = !canPair;
  $("same").hidden = !canSay;
  setText("same", canSay || "");
  $("cancel").hidden = !canCancel;
  showChoices(state === "several" ? ports : []);
  $("actions").hidden = !canPair && !canSay && !canCancel;
  // Who presses with the keyboard must not be sent back to the top of the page, nor onto another yes.
  if (hadFocus && !isShown(document.activeElement)) [$("cancel"), $("pair")].find(isShown)?.focus();
}

const isShown = (element) => element !== document.body && !element.hidden;

function showChoices(ports) {
  if ($("actions").dataset.ports === String(ports)) return;
  $("actions").dataset.ports = String(ports);
  for (const old of $("actions").querySelectorAll(".choice")) old.remove();
  $("actions").prepend(...ports.map(choice));
}

function choice(port) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "choice";
  button.textContent = `Port ${port}`;
  button.addEventListener("click", () => ask({ ask: "pair", port, isChosen: true }));
  return button;
}

/** `portToTry` answers the port to look at first, or null where what the user has typed cannot be one. */
export function listenToButtons(portToTry) {
  $("pair").addEventListener("click", () => {
    const port = portToTry();
    if (port !== null) ask({ ask: "pair", port, isChosen: false });
  });
  // The code that was compared is the one on the page, and no newer one.
  $("same").addEventListener("click", () => ask({ ask: "same", userCode: $("code").textContent }));
  $("cancel").addEventListener("click", () => ask({ ask: "cancel" }));
}
