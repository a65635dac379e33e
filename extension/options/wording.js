// One job: say a status in words: { tone, headline, explanation, steps, canPair }. Pure, and text only.
// What stands between backticks is shown as code.

const OPEN_WINDOW = "In a terminal, run `smrthub pair`.";
const PRESS = "Press the button. Both sides will show a code to compare.";

export function describe(status) {
  return (WORDS[status.state] ?? WORDS.checking)(status);
}

const WORDS = {
  unset: () => ({
    tone: "warn",
    headline: "Not paired yet",
    explanation: "Nothing is collected until you have paired SmrtChrome with your hub.",
    steps: ["Start the hub, if it does not run: `smrthub serve`.", OPEN_WINDOW, PRESS],
    canPair: true,
  }),
  checking: () => ({ tone: "quiet", headline: "Looking for the hub …", explanation: "", steps: [] }),
  connected: ({ port, isPaused }) => ({
    tone: isPaused ? "warn" : "good",
    headline: isPaused ? "The capture is paused" : "Connected",
    explanation: isPaused
      ? "The hub stores nothing of what you browse, now or later."
      : `The hub is listening at 127.0.0.1:${port}.`,
    steps: isPaused ? ["To go on: `smrthub resume`."] : [],
  }),
  unreachable: ({ strangers }) => ({
    tone: "warn",
    headline: "The hub is not reachable",
    explanation: [
      "What you browse waits here and is delivered once the hub runs.",
      ...strangers.map(stranger),
    ].join(" "),
    steps: [
      "Start the hub: `smrthub serve`.",
      "If it runs, look where it listens: `smrthub status`. Set that port under Other ways.",
    ],
  }),
  refused: ({ code, httpStatus }) => ({
    tone: "bad",
    headline: "The hub refuses the token",
    explanation: `${REFUSALS[code] ?? `It answered ${httpStatus}.`} Nothing is sent until you pair again.`,
    steps: [OPEN_WINDOW, PRESS],
    canPair: true,
  }),
  troubled: ({ code, httpStatus }) => ({
    tone: "warn",
    headline: "The hub cannot take pages now",
    explanation: `${TROUBLES[code] ?? `It answered ${httpStatus}.`} What you browse waits here for a while.`,
    steps: ["See how it fares: `smrthub status`."],
  }),
};

const REFUSALS = {
  unauthorized: "The token is unknown to it: revoked, expired, or of another hub.",
  forbidden_origin: "The token belongs to another browser or extension.",
  unproven: "Who answers does not know it: revoked, of another hub, or something poses as the hub.",
  insufficient_scope: "The token may not send tabs: it lacks the scope tabs:write.",
};

const TROUBLES = {
  busy: "It is busy.",
  rate_limited: "It has had too many requests.",
  storage_full: "Its disk is full, or a limit of its settings is reached: smrthub status says which.",
  no_results: "It answered in a way this version does not understand.",
};

export function stranger({ port, httpStatus, service }) {
  if (service === "bridge") return `Port ${port} is the hub's bridge; its web listener has another port.`;
  if (service === "web-listener" && httpStatus === 403) return `Port ${port} is the hub of another user.`;
  const airPlay = port === 5000 && httpStatus === 403 ? " On a Mac this is usually AirPlay Receiver." : "";
  return `Another program answers on port ${port} (${httpStatus}); it is not the hub.${airPlay}`;
}

const TESTS = {
  settled: ({ ms }) => `The hub answered in ${ms} ms. It does not keep tests.`,
  unset: () => "Pair first.",
  unreachable: () => "No hub answered.",
  stranger: () => "Another program answered, not the hub.",
  refused: () => "The hub refused the token.",
  unproven: () => "The token is not known there, and was not sent.",
};

export function describeTest(outcome) {
  return (TESTS[outcome.kind] ?? (() => "The hub could not take the test."))(outcome);
}

/** "just now", "5 minutes ago", or the date: how long ago a time was, in the reader's language of numbers. */
export function ago(atMs, nowMs) {
  if (atMs === null) return "never";
  const minutes = Math.floor((nowMs - atMs) / 60_000);
  if (minutes < 1) return "just now";
  const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });
  if (minutes < 60) return words.format(-minutes, "minute");
  if (minutes < 24 * 60) return words.format(-Math.floor(minutes / 60), "hour");
  return new Date(atMs).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}
