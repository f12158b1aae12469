// Looking through a dataset version: one picture after the other, decided on by keys.
//
// What is decided is shown at once and sent in the order in which it was decided; the next pictures
// are loaded while one looks at this one.

import { ask, send } from "./api.js";
import { tell } from "./acting.js";

const PAGE = 50;
const AHEAD = 4; // pictures that are loaded before one comes to them
const AROUND = 6; // pictures of the strip on each side

const review = document.getElementById("review");
const { api, pictures, query } = review.dataset;
const mayFix = "mayFix" in review.dataset;
const items = [];
const made = []; // decisions of this sitting, in their order
const preloaded = new Map();
let cursor;
let loading = null;
let place = 0;
let line = Promise.resolve();
let pending = 0;

window.addEventListener("beforeunload", (event) => {
  if (pending) {
    event.preventDefault();
  }
});

async function loadMore() {
  if (cursor === null) {
    return;
  }
  loading ??= (async () => {
    const params = new URLSearchParams(query);
    params.set("limit", PAGE);
    if (cursor) {
      params.set("cursor", cursor);
    }
    const page = await ask(`${api}/items?${params}`);
    items.push(...page.items);
    cursor = page.next_cursor;
  })().finally(() => {
    loading = null;
  });
  await loading;
}

function pictureOf(item) {
  return `${pictures}/${item.key}.jpg`;
}

function preload() {
  for (const item of items.slice(place + 1, place + 1 + AHEAD)) {
    if (!preloaded.has(item.key)) {
      const image = new Image();
      image.src = pictureOf(item);
      preloaded.set(item.key, image);
    }
  }
  for (const key of [...preloaded.keys()].slice(0, -60)) {
    preloaded.delete(key);
  }
}

function wordsOf(decision) {
  if (!decision) {
    return "";
  }
  const color = decision.color === "none" ? "no colour" : decision.color;
  const label = [decision.image_type, color].filter(Boolean).join(", ");
  return { keep: "kept", drop: "dropped", relabel: `relabelled: ${label}` }[decision.verdict];
}

function shownLabel(item) {
  const { image_type: type, color } = item.decision?.verdict === "relabel" ? item.decision : {};
  return { type: type ?? item.image_type, color: color ?? item.color ?? "none" };
}

function likelyOf(item) {
  const likely = [item.doubt?.likely_type, item.doubt?.likely_color].filter(Boolean).join(", ");
  return likely ? `. Likely: ${likely}` : "";
}

function row(list, name, text) {
  const term = document.createElement("dt");
  const said = document.createElement("dd");
  term.textContent = name;
  said.textContent = text;
  list.append(term, said);
}

function show() {
  const item = items[place];
  review.hidden = !item;
  if (!item) {
    return;
  }
  const picture = document.getElementById("picture");
  picture.src = pictureOf(item);
  picture.alt = `Labelled ${item.image_type}, ${item.color ?? "no colour"}`;
  const facts = document.getElementById("facts");
  facts.replaceChildren();
  const given = `${item.image_type}, ${item.color ?? (item.paint === false ? "no paint seen" : "colour not known")}`;
  document.getElementById("label").textContent = `Labelled ${given}${likelyOf(item)}`;
  if (item.doubt) {
    row(facts, "Doubt", `${item.doubt.score.toFixed(2)} (-1 is the most doubtful)${item.doubt.is_issue ? "; counted as an error" : ""}`);
  }
  row(facts, "From", `${item.source}, ${item.advertiser || "no advertiser"}${item.vehicle ? `, ${item.vehicle}` : ""}`);
  row(facts, "Split", `${item.split}, in since ${item.added_in}`);
  if (item.kind || item.view) {
    row(facts, "Seen", [item.kind, item.view].filter(Boolean).join(", "));
  }
  row(facts, "Where", item.url);
  if (item.notes) {
    row(facts, "Notes", item.notes);
  }
  row(facts, "Key", item.key.slice(0, 16));
  const decision = item.decision;
  document.getElementById("verdict").textContent = decision ? `${decision.by ?? "You"}: ${wordsOf(decision)}` : "Not decided";
  const label = shownLabel(item);
  for (const button of review.querySelectorAll("[data-type], [data-color]")) {
    button.setAttribute("aria-pressed", String(button.dataset.type ? button.dataset.type === label.type : button.dataset.color === label.color));
  }
  document.getElementById("count").textContent = `${place + 1} of ${items.length}${cursor ? "+" : ""}, ${made.length} decided now`;
  showStrip();
  preload();
}

function showStrip() {
  const strip = document.getElementById("strip");
  const from = Math.max(0, place - AROUND);
  const hadFocus = strip.contains(document.activeElement);
  strip.replaceChildren(
    ...items.slice(from, place + AROUND + 1).map((item, index) => {
      const button = document.createElement("button");
      const image = document.createElement("img");
      image.src = pictureOf(item);
      image.alt = `Picture ${from + index + 1}${item.decision ? `, ${wordsOf(item.decision)}` : ""}`;
      image.width = 72;
      image.height = 54;
      image.loading = "lazy";
      button.type = "button";
      button.dataset.place = from + index;
      if (from + index === place) {
        button.setAttribute("aria-current", "true");
      }
      if (item.decision) {
        button.dataset.verdict = item.decision.verdict;
      }
      button.append(image);
      return button;
    }),
  );
  if (hadFocus) {
    strip.querySelector("[aria-current]")?.focus();
  }
}

async function go(to) {
  try {
    if (to + AHEAD >= items.length) {
      const more = loadMore();
      if (to >= items.length) {
        await more;
      } else {
        more.then(show).catch((problem) => tell(problem.message, true));
      }
    }
  } catch (problem) {
    tell(problem.message, true);
  }
  if (to >= items.length) {
    tell(`That was the last picture. ${made.length} decided in this sitting; the next build applies it.`);
  }
  place = Math.max(0, Math.min(to, items.length - 1));
  show();
}

function enqueue(job) {
  count(1);
  line = line
    .then(job)
    .catch((problem) => tell(problem.message, true))
    .finally(() => count(-1));
}

function count(more) {
  pending += more;
  review.dataset.pending = pending; // of decisions that the server has not answered yet
}

function decide(body, { stay = false } = {}) {
  const item = items[place];
  if (!item || !mayFix) {
    return;
  }
  const entry = { item, before: item.decision, id: null };
  const shown = { ...body, by: null };
  item.decision = shown;
  made.push(entry);
  enqueue(async () => {
    if (entry.isTakenBack) {
      return;
    }
    try {
      const kept = await send("POST", `${api}/decisions`, { keys: [item.key], ...body });
      entry.id = kept.items[0].id;
      if (item.decision === shown) {
        [item.decision] = kept.items;
      }
    } catch (problem) {
      const index = made.indexOf(entry);
      if (index >= 0) {
        made.splice(index, 1);
      }
      if (item.decision === shown) {
        item.decision = entry.before;
      }
      show();
      throw problem;
    }
  });
  tell(`${item.key.slice(0, 8)} ${wordsOf(body)}.`);
  go(stay ? place : place + 1);
}

function relabel(change, options) {
  const before = items[place]?.decision;
  const kept = before?.verdict === "relabel" ? { image_type: before.image_type, color: before.color } : {};
  const body = { verdict: "relabel", ...kept, ...change };
  if (body.image_type === "Placeholder") {
    if (change.color && change.color !== "none") {
      delete body.image_type; // it has a colour, so it shows a vehicle
    } else {
      delete body.color;
    }
  }
  for (const name of ["image_type", "color"]) {
    if (!body[name]) {
      delete body[name];
    }
  }
  decide(body, options);
}

function undo() {
  const entry = made.pop();
  if (!entry) {
    undoEarlier(items[place]);
    return;
  }
  entry.isTakenBack = true;
  entry.item.decision = entry.before;
  enqueue(async () => {
    if (entry.id !== null) {
      await send("POST", `${api}/decisions/undo`, { ids: [entry.id] });
    }
  });
  tell(`${entry.item.key.slice(0, 8)}: taken back.`);
  go(items.indexOf(entry.item));
}

/** Take back what was decided on a picture in an earlier sitting, by whomever. */
function undoEarlier(item) {
  const before = item?.decision;
  if (!before?.id || !mayFix) {
    tell("Nothing was decided on this picture.");
    return;
  }
  item.decision = null;
  enqueue(async () => {
    try {
      const standing = await send("POST", `${api}/decisions/undo`, { ids: [before.id] });
      item.decision = standing.items[0] ?? null;
    } catch (problem) {
      item.decision = before;
      throw problem;
    } finally {
      show();
    }
  });
  tell(`${item.key.slice(0, 8)}: taken back.`);
  show();
}

function press(button, event) {
  const { verdict, type, color } = button.dataset;
  if (verdict) {
    decide({ verdict });
  } else if ("undo" in button.dataset) {
    undo();
  } else if (type) {
    relabel({ image_type: type }, { stay: event.shiftKey });
  } else if (color) {
    relabel({ color }, { stay: event.shiftKey });
  }
}

review.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.place) {
    go(Number(button.dataset.place));
  } else if (button) {
    press(button, event);
    if (event.detail > 0) {
      button.blur(); // clicked, not pressed: the next Enter is about the next picture
    }
  }
});

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey || !items.length) {
    return;
  }
  const isOnButton = event.target.closest("button, a") !== null;
  if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    event.preventDefault();
    go(place + (event.key === "ArrowRight" ? 1 : -1));
  } else if (event.key === "Enter" && !isOnButton) {
    event.preventDefault();
    decide({ verdict: "keep" });
  } else if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    decide({ verdict: "drop" });
  } else if (event.key === "u") {
    undo();
  } else {
    const button = review.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (button) {
      press(button, event);
    }
  }
});

try {
  await loadMore();
  if (items.length) {
    if (!mayFix) {
      for (const button of review.querySelectorAll("[data-verdict], [data-undo], [data-type], [data-color]")) {
        button.disabled = true;
      }
    }
    show();
  } else {
    const nothing = document.getElementById("nothing");
    nothing.querySelector("h2").textContent = "Nothing is left to look at";
    nothing.querySelector("p").textContent = "No picture fits what is asked for above. What was decided goes into the next version that is built.";
    nothing.hidden = false;
  }
} catch (problem) {
  tell(problem.message, true);
}
