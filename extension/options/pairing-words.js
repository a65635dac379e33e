// One job: say in words how far the pairing is, as `wording.js` says the status. Pure.

import { stranger } from "./wording.js";

/** As `describe`, of a record of src/pairing.js; with `note`, small print, and which buttons to show. */
export function describePairing(pairing) {
  const said = (WORDS[pairing.state] ?? WORDS.unfit)(pairing);
  return {
    tone: "warn",
    explanation: "",
    steps: [],
    note: "",
    canPair: false,
    canSay: null,
    canCancel: false,
    ...said,
  };
}

const RUN_PAIR = "In a terminal, run `smrthub pair`.";
const PRESS_AGAIN = "Press the button again.";
const NEW_CODE = ["To try again, run `smrthub pair`.", "Press the button. There will be a new code."];

const WORDS = {
  seeking: (pairing) => ({
    ...(TRIES[pairing.why] ?? TRIES.none)(pairing),
    note: pairing.why
      ? `SmrtChrome keeps trying until ${timeOf(pairing.untilMs)}, also when this page is closed.`
      : "",
    canPair: pairing.why !== null,
    canCancel: true,
  }),
  stopped: (pairing) => ({ ...(TRIES[pairing.why] ?? TRIES.unreachable)(pairing), canPair: true }),
  several: ({ ports }) => ({
    headline: "More than one program says it is the hub",
    explanation: `They are on the ports ${inWords(ports)}. One may be another user's, or only pose as yours.`,
    steps: ["Look where yours listens: `smrthub status`.", "Choose that port."],
    canCancel: true,
  }),
  waiting: (pairing) => ({
    ...(pairing.isSame ? YOUR_TURN_THERE : COMPARE),
    note: [
      `Asked at 127.0.0.1:${pairing.port}, for leave to send tabs and nothing else.`,
      `The code holds until ${timeOf(pairing.expiresAtMs)}, also when this page is closed.`,
    ].join(" "),
    canSay: pairing.isSame ? null : "The hub shows this code",
    canCancel: true,
  }),
  allowed: ({ isSame, port }) =>
    isSame
      ? { tone: "quiet", headline: "Connecting …" }
      : {
          headline: "Allowed. Was it you?",
          explanation: [
            `The program at 127.0.0.1:${port} says that you have allowed this code.`,
            "If you have not, it is not your hub.",
          ].join(" "),
          canSay: "Yes, connect",
          canCancel: true,
        },
  denied: () => ({
    tone: "bad",
    headline: "The hub said no",
    explanation: "The request was denied there, or another browser asked after this one. Nothing was sent.",
    steps: NEW_CODE,
    canPair: true,
  }),
  expired: () => ({
    headline: "The code has expired",
    explanation: "Nobody has allowed it in time. Nothing was sent.",
    steps: NEW_CODE,
    canPair: true,
  }),
  unfit: ({ port, httpStatus, code }) => ({
    tone: "bad",
    headline: "The hub cannot pair with this version",
    explanation: `It answered ${httpStatus}${code ? ` (${code})` : ""} at 127.0.0.1:${port}.`,
    steps: ["Bring the hub and SmrtChrome to the same version. Or see Other ways."],
    canPair: true,
  }),
};

const COMPARE = {
  headline: "Compare this code",
  explanation: [
    "Where you ran `smrthub pair`, the hub shows a code, too.",
    "The same? Say yes there, and here. Another? Cancel. None? Run it again.",
  ].join(" "),
};

const YOUR_TURN_THERE = {
  headline: "Now say yes on the hub",
  explanation: "You have compared the codes. SmrtChrome connects as soon as you have said yes there.",
};

const TRIES = {
  none: () => ({ tone: "quiet", headline: "Looking for the hub …" }),
  closed: ({ port }) => ({
    headline: "Pairing is closed on the hub",
    explanation: `It is at 127.0.0.1:${port}, and lets programs ask only while you have opened it for them.`,
    steps: [RUN_PAIR, PRESS_AGAIN],
  }),
  unreachable: ({ strangers }) => ({
    headline: "The hub is not reachable",
    explanation: strangers.map(stranger).join(" "),
    steps: [
      "Start the hub: `smrthub serve`.",
      "If it runs, look where it listens: `smrthub status`. Set that port under Other ways.",
      RUN_PAIR,
      PRESS_AGAIN,
    ],
  }),
  crowded: () => ({
    headline: "Too many programs wait to be paired",
    explanation: "The hub takes no more until you have decided on them.",
    steps: ["Decide on them: `smrthub pair`.", PRESS_AGAIN],
  }),
  busy: ({ port }) => ({
    headline: "The hub cannot pair now",
    explanation: `It is at 127.0.0.1:${port} and has too much to do.`,
    steps: ["See how it fares: `smrthub status`.", PRESS_AGAIN],
  }),
};

const timeOf = (atMs) => new Date(atMs).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });

const inWords = (ports) => new Intl.ListFormat("en").format(ports.map(String));
