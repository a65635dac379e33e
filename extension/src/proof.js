// One job: tell the hub from a program that poses as it, before the token goes anywhere.
//
// The hub keeps the SHA-256 of the token, so both sides can make the same key from it, and nobody else can.
// The port is part of what is proven, so that nobody can pass on the proof of a hub on another port.

const KEY_WORDS = "smrthub server proof";

const bytesOf = (text) => new TextEncoder().encode(text);
const hexOf = (buffer) =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The id of the client that a token is for: shb_<id>_<secret>. */
export const clientOf = (token) => token.split("_")[1];

export const newNonce = () => hexOf(crypto.getRandomValues(new Uint8Array(16)).buffer);

/** What the hub that made this token answers on this port to this nonce. */
export async function expectedProof(token, port, nonce) {
  const secretHash = await crypto.subtle.digest("SHA-256", bytesOf(token));
  const key = await hmac(secretHash, KEY_WORDS);
  return hexOf(await hmac(key, `smrthub web-listener ${port} ${nonce}`));
}

async function hmac(keyBytes, text) {
  const key = await crypto.subtle.importKey("raw", keyBytes, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return crypto.subtle.sign("HMAC", key, bytesOf(text));
}
