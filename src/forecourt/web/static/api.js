// Requests to the API, as the person who is signed in. Every write carries the session's token and
// a key under which it is done once, however often it is sent.

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

const TRIES = 4;
const ENDED = "Your session has ended. Sign in again in another tab, then go on here.";

// A body that is kept on its way when the page is left may not be longer than browsers allow.
const LONGEST_KEPT = 30_000;

const token = document.querySelector('meta[name="csrf-token"]');
const reader = document.querySelector('meta[name="reader"]');

/** Take the token of a new session of the same person: they signed in again in another tab. */
async function renewToken() {
  const response = await fetch("/v1/session", { credentials: "same-origin" });
  const session = response.ok ? await response.json() : null;
  if (session && reader && session.name !== reader.content) {
    throw new Problem(403, `${session.name} is signed in in this browser by now. Reload the page to go on as ${session.name}.`);
  }
  if (!session || session.csrf_token === token.content) {
    return false;
  }
  token.content = session.csrf_token;
  return true;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function readProblem(response) {
  let detail = `The server answered ${response.status}.`;
  const text = await response.text();
  try {
    detail = JSON.parse(text).detail ?? detail;
  } catch {
    // Not from the API: a page of ours, which says what to do, or one of a proxy.
    const page = new DOMParser().parseFromString(text, "text/html");
    detail = page.querySelector(".notice > p")?.textContent ?? detail;
  }
  if (response.status === 401) {
    detail = ENDED;
  }
  return new Problem(response.status, detail);
}

/**
 * Send a write and return what the API answers, or null where it answers nothing.
 * The same key is sent again where the network or the server failed, so that nothing is done twice.
 * Throws a Problem whose message says what to do.
 */
export async function send(method, path, body) {
  const headers = { "X-CSRF-Token": token?.content ?? "", "Idempotency-Key": randomKey() };
  const options = { method, headers, credentials: "same-origin" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
    options.keepalive = options.body.length < LONGEST_KEPT;
  }
  for (let attempt = 1; ; attempt += 1) {
    let problem;
    let wait = 250 * 2 ** attempt;
    try {
      const response = await fetch(path, options);
      if (response.ok) {
        return response.status === 204 ? null : await response.json();
      }
      if (response.status === 403 && (await renewToken())) {
        headers["X-CSRF-Token"] = token.content;
        continue;
      }
      problem = await readProblem(response);
      if (response.status !== 503 && response.status !== 429) {
        throw problem;
      }
      wait = 1000 * Number(response.headers.get("Retry-After") ?? 1);
    } catch (error) {
      if (error instanceof Problem && error.status !== 503 && error.status !== 429) {
        throw error;
      }
      problem = error instanceof Problem ? error : unreachable();
    }
    if (attempt === TRIES) {
      throw problem;
    }
    await pause(Math.min(wait, 10_000));
  }
}

// Not randomUUID: without TLS, and not on this machine itself, browsers have none.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function unreachable() {
  return new Problem(0, "The server cannot be reached; see whether you are online.");
}

async function reach(path, headers = {}) {
  try {
    return await fetch(path, { credentials: "same-origin", headers });
  } catch {
    throw unreachable();
  }
}

/** Return what the API answers to a question. Throws a Problem. */
export async function ask(path) {
  const response = await reach(path);
  if (!response.ok) {
    throw await readProblem(response);
  }
  return response.json();
}

/** Return a part of a page as an element, or null where the page has no more. Throws a Problem. */
export async function askPart(path) {
  const response = await reach(path, { Accept: "text/html" });
  // Without TLS browsers do not say that a script asks: then it is led to the page to sign in.
  if (response.redirected) {
    throw new Problem(401, ENDED);
  }
  if (!response.ok) {
    throw await readProblem(response);
  }
  const template = document.createElement("template");
  template.innerHTML = await response.text(); // drawn by our own server, which escapes all it is given
  return template.content;
}
