// Requests to the API, as the person who is signed in. Every write carries the session's token and
// a key under which it is done once, however often it is sent.

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

const TRIES = 4;

function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function readProblem(response) {
  let detail = `The server answered ${response.status}.`;
  try {
    detail = (await response.json()).detail ?? detail;
  } catch {
    // Not from the API: a proxy, perhaps.
  }
  if (response.status === 401) {
    detail = "Your session has ended. Sign in again in another tab, then go on here.";
  }
  return new Problem(response.status, detail);
}

/**
 * Send a write and return what the API answers, or null where it answers nothing.
 * The same key is sent again where the network or the server failed, so that nothing is done twice.
 * Throws a Problem whose message says what to do.
 */
export async function send(method, path, body) {
  const headers = { "X-CSRF-Token": csrfToken(), "Idempotency-Key": crypto.randomUUID?.() ?? randomKey() };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  const options = { method, headers, credentials: "same-origin", keepalive: true };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
  }
  for (let attempt = 1; ; attempt += 1) {
    let problem;
    let wait = 250 * 2 ** attempt;
    try {
      const response = await fetch(path, options);
      if (response.ok) {
        return response.status === 204 ? null : await response.json();
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
      problem = error instanceof Problem ? error : new Problem(0, "The server cannot be reached; see whether you are online.");
    }
    if (attempt === TRIES) {
      throw problem;
    }
    await pause(Math.min(wait, 10_000));
  }
}

// Without TLS, and not on this machine itself, browsers have no randomUUID.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return what the API answers to a question. Throws a Problem. */
export async function ask(path) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin" });
  } catch {
    throw new Problem(0, "The server cannot be reached; see whether you are online.");
  }
  if (!response.ok) {
    throw await readProblem(response);
  }
  return response.json();
}

/** Return a part of a page as an element, or null where the page has no more. Throws a Problem. */
export async function askPart(path) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", headers: { Accept: "text/html" } });
  } catch {
    throw new Problem(0, "The server cannot be reached; see whether you are online.");
  }
  if (!response.ok) {
    throw await readProblem(response);
  }
  const template = document.createElement("template");
  template.innerHTML = await response.text(); // drawn by our own server, which escapes all it is given
  return template.content;
}
