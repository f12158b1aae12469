// Fixes on their way to the server: shown at once, sent one after the other in the order in which
// they were made, undone in the reverse order.

import { send } from "./api.js";

/**
 * A line of fixes. Each entry: {advertiser, urls, change: {image_type?, color?}, everywhere?, note?}.
 *
 * `onSent(entry, act)` is called when one is kept, `onFailed(entry, problem)` when the server refuses
 * it or cannot be reached, `onUndone(entry)` when one was taken back, `onChange()` after all of these.
 */
export class FixLine {
  #waiting = [];
  #done = [];
  #running = null;
  #handlers;

  constructor(handlers) {
    this.#handlers = handlers;
    // Whoever leaves while something is on its way is asked once.
    window.addEventListener("beforeunload", (event) => {
      if (this.pending) {
        event.preventDefault();
      }
    });
  }

  /** How many fixes the server has not answered yet. */
  get pending() {
    return this.#waiting.length + (this.#running ? 1 : 0);
  }

  /** The fix that `undo` would take back, or null. */
  get last() {
    return this.#waiting.findLast((job) => job.kind === "fix")?.entry ?? this.#sentLast();
  }

  push(entry) {
    this.#waiting.push({ kind: "fix", entry });
    this.#run();
  }

  /** Let `undo` take back an act that the server has kept already. */
  keep(entry, act) {
    entry.actId = act.act_id;
    this.#done.push(entry);
    this.#handlers.onSent(entry, act);
    this.#handlers.onChange();
  }

  /** Take back the latest fix, sent or not; return it, or null where there is none. */
  undo() {
    const index = this.#waiting.findLastIndex((job) => job.kind === "fix");
    if (index >= 0) {
      const [job] = this.#waiting.splice(index, 1);
      this.#handlers.onUndone(job.entry);
      this.#handlers.onChange();
      return job.entry;
    }
    const entry = this.#sentLast();
    if (!entry) {
      return null;
    }
    entry.isTakenBack = true;
    this.#waiting.push({ kind: "undo", entry });
    this.#run();
    return entry;
  }

  #sentLast() {
    const running = this.#running?.kind === "fix" ? this.#running.entry : null;
    return running && !running.isTakenBack ? running : (this.#done.findLast((entry) => !entry.isTakenBack) ?? null);
  }

  async #run() {
    if (this.#running) {
      this.#handlers.onChange();
      return;
    }
    while ((this.#running = this.#waiting.shift() ?? null)) {
      this.#handlers.onChange();
      const { kind, entry } = this.#running;
      try {
        if (kind === "fix") {
          await this.#sendFix(entry);
        } else {
          await this.#sendUndo(entry);
        }
      } catch (problem) {
        if (kind === "undo") {
          entry.isTakenBack = false;
        }
        this.#handlers.onFailed(entry, problem, kind);
      }
    }
    this.#handlers.onChange();
  }

  async #sendFix(entry) {
    const act = await send("POST", "/v1/fixes", {
      advertiser: entry.advertiser,
      urls: entry.urls,
      everywhere: entry.everywhere ?? false,
      note: entry.note ?? "",
      ...entry.change,
    });
    entry.actId = act.act_id;
    this.#done.push(entry);
    this.#handlers.onSent(entry, act);
  }

  async #sendUndo(entry) {
    if (entry.actId === undefined) {
      return; // the fix itself was refused: there is nothing to take back
    }
    await send("POST", `/v1/acts/${entry.actId}/undo`, {});
    this.#done.splice(this.#done.indexOf(entry), 1);
    this.#handlers.onUndone(entry);
  }
}

/** Return what a key sets, as the help on the page says: {image_type} or {color}, or null. */
export function changeOf(key) {
  for (const one of document.querySelectorAll("#keys kbd[data-set-type], #keys kbd[data-set-color]")) {
    if (one.textContent === key.toLowerCase()) {
      return one.dataset.setType ? { image_type: one.dataset.setType } : { color: one.dataset.setColor };
    }
  }
  return null;
}

/** Return a change in words: "Stock", "no colour", "Dealer, Red". */
export function wordsOf(change) {
  const color = change.color === "none" ? "no colour" : change.color;
  return [change.image_type, color].filter(Boolean).join(", ");
}

/** Return what to tell where a fix is kept and the sitemap shows something else, or null. */
export function unshownOf(act) {
  const [first] = act.unshown;
  return first ? `Kept, but the sitemap goes on showing ${first.shown ?? "no colour"}: ${first.reason.replaceAll("_", " ")}.` : null;
}

/** Whether keys belong to what has the focus: somebody is typing, or chooses from a list. */
export function isTyping(event) {
  return event.target.closest("input, select, textarea, dialog") !== null || event.ctrlKey || event.metaKey || event.altKey;
}
