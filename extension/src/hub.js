// One job: find the hub's web listener on loopback and hand it tabs. The only module that uses the network.

import { clientOf, expectedProof, newNonce } from "./proof.js";

// The hub takes 5000, else the next free one of these.
const KNOWN_PORTS = [5000, 5020, 5021, 5022, 5023, 5024, 5025, 5026, 5027, 5028];

const PING_TIMEOUT_MS = 2_000;
const POST_TIMEOUT_MS = 10_000;

const REQUEST = { cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };

/**
 * Answers { port, strangers, isUnproven }: the first port, in the order to try, where the hub that made this
 * token answers, or null; who answered instead; and whether one said to be the hub and could not prove it.
 */
export async function findHub(preferredPort, token) {
  const first = await ping(preferredPort, token);
  if (first.isHub) return { port: preferredPort, strangers: [], isUnproven: false };
  // Together, not in turn: on Windows a refused connection to loopback takes two seconds.
  const others = KNOWN_PORTS.filter((port) => port !== preferredPort);
  const answers = [first, ...(await Promise.all(others.map((port) => ping(port, token))))];
  return {
    port: answers.find((answer) => answer.isHub)?.port ?? null,
    strangers: answers.filter((answer) => answer.stranger).map((answer) => answer.stranger),
    isUnproven: answers.some((answer) => answer.isUnproven),
  };
}

/** Everyone who says to be the hub, before there is a token to prove it by: { ports, strangers }. */
export async function findClaimants(preferredPort) {
  const ports = [...new Set([preferredPort, ...KNOWN_PORTS])];
  const answers = await Promise.all(ports.map((port) => greet(port)));
  return {
    ports: answers.filter((answer) => answer.said).map(({ port }) => port),
    strangers: answers.filter((answer) => answer.stranger).map(({ stranger }) => stranger),
  };
}

/** Asks who listens on a port. Neither token nor tabs go to a port that has not proven to be the hub. */
export async function ping(port, token) {
  const nonce = newNonce();
  const { said, stranger } = await greet(port, `?client=${clientOf(token)}&nonce=${nonce}`);
  if (!said) return { port, isHub: false, stranger };
  const isHub = said.proof === (await expectedProof(token, port, nonce));
  return { port, isHub, isUnproven: !isHub };
}

/** What a port answers to GET /ping: `said` where it says to be the hub, or `stranger`: who else is there. */
async function greet(port, query = "") {
  try {
    const reply = await fetch(`http://127.0.0.1:${port}/ping${query}`, {
      ...REQUEST,
      signal: AbortSignal.timeout(PING_TIMEOUT_MS),
    });
    const service = serviceOf(reply);
    const said = service === "web-listener" && reply.ok ? await reply.json() : null;
    if (said?.service === "smrthub-web-listener") return { port, said };
    return { port, stranger: { port, httpStatus: reply.status, service } };
  } catch {
    return { port }; // nobody listens, or it does not speak HTTP and JSON
  }
}

/** Posts tabs and answers what it means: see judgeReply, or { kind: "unreachable" }. */
export async function postTabs(port, token, tabs) {
  const reply = await post(port, "tab-info", { tabs }, { Authorization: `Bearer ${token}` });
  if (reply === null) return { kind: "unreachable" };
  return judgeReply(reply.httpStatus, reply.service, reply.retryAfter, reply.body);
}

/** Asks for a token; answers the reply, or null where nobody answers. */
export const postPair = (port, asked) => post(port, "pair", asked);

/** Asks whether the user has said yes, and for the token if so; answers as postPair. */
export const postPairToken = (port, deviceCode) => post(port, "pair/token", { deviceCode });

async function post(port, path, body, headers = {}) {
  try {
    const reply = await fetch(`http://127.0.0.1:${port}/${path}`, {
      ...REQUEST,
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    });
    return {
      httpStatus: reply.status,
      service: serviceOf(reply),
      retryAfter: reply.headers.get("Retry-After"),
      body: await reply.json().catch(() => null),
    };
  } catch {
    return null;
  }
}

/**
 * What a reply to POST /tab-info means for the tabs that were in it:
 * settled (with `results`), refused (the token), unreadable (this body, try a smaller one), troubled (try
 * later) or stranger (a reply without our header is not from the hub, whatever its status).
 */
export function judgeReply(httpStatus, service, retryAfter, body) {
  if (service !== "web-listener") return { kind: "stranger", httpStatus };
  const code = typeof body?.error?.code === "string" ? body.error.code : null;
  if (httpStatus === 401 || httpStatus === 403) return { kind: "refused", httpStatus, code };
  if (httpStatus === 400 || httpStatus === 413) return { kind: "unreadable", httpStatus, code };
  if (httpStatus < 200 || httpStatus > 299 || !Array.isArray(body?.results)) {
    return { kind: "troubled", httpStatus, code, retryAfterS: Number(retryAfter) || 0 };
  }
  return { kind: "settled", results: body.results };
}

const serviceOf = (reply) => reply.headers.get("X-SmrtHub-Service");
