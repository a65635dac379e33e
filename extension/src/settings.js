// One job: the user's settings: the token and the port of the hub.

export const DEFAULT_PORT = 5000;

export async function readSettings() {
  const { settings } = await chrome.storage.local.get("settings");
  return { token: "", port: DEFAULT_PORT, ...settings };
}

/** Changes what is given and leaves the rest. */
export async function writeSettings(changes) {
  await chrome.storage.local.set({ settings: { ...(await readSettings()), ...changes } });
}

/** Why a token cannot be one of the hub's, or null. Also keeps out what a header may not hold. */
export function tokenFault(token) {
  if (token === "") return "Paste a token first.";
  if (!token.startsWith("shb_")) return "A token of the hub starts with shb_.";
  if (!/^shb_[0-9a-z-]{1,40}_[\x21-\x7e]{8,512}$/.test(token))
    return "That is not a whole token: copy the line again.";
  return null;
}

export function portFault(port) {
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? null : "A port is a number from 1 to 65535.";
}
