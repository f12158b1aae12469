// The review queue: one image after the other. The next ones are asked for and loaded beforehand;
// what people say is shown at once, and sent in order.

import { ask } from "./api.js";
import { changeOf, FixLine, isTyping, unshownOf, wordsOf } from "./fixing.js";
import { chip, element, sourceOf } from "./labels.js";
import { say } from "./told.js";

const PAGE = 24;
const FEW = 8; // left, when more are asked for
const PRELOADED = 2;
const LATER = "forecourt-later";

const bench = document.getElementById("bench");
const mayFix = "mayFix" in bench.dataset;
const byId = (id) => document.getElementById(id);
const keys = byId("keys");
const everywhere = byId("everywhere");
const undoButton = byId("undo");
const later = new Set(JSON.parse(sessionStorage.getItem(LATER) ?? "[]"));
const known = new Set(); // what this tab was given: never a second time
const ready = []; // the first one is on the screen
const loading = new Map(); // pictures on their way, by address
let cursor = null; // where the next page begins; undefined: there is none
let staged = {};
let isAsking = false;
let isShown = false; // the first one's picture, small or large, was on the screen
let failure = ""; // why the next page could not be had
let putOff = []; // since the latest fix

const nameOf = (item) => `${item.advertiser} ${item.image_id}`;
const pictureOf = (item) => `/panel/pictures/${item.image_id}.jpg?${new URLSearchParams({ advertiser: item.advertiser })}`;
const thumbnailOf = (item) => (item.thumbnail ? `/panel/thumbnails/${item.thumbnail}.jpg` : "");

// ---- what comes next ----------------------------------------------------------------------------

// Several people begin at different images of a page: seldom do two get the same one.
function rank(item) {
  let hash = 2166136261;
  for (const letter of `${bench.dataset.person} ${nameOf(item)}`) {
    hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  }
  return hash >>> 0;
}

async function fill() {
  if (isAsking || cursor === undefined || ready.length >= FEW) {
    return;
  }
  isAsking = true;
  failure = "";
  try {
    while (ready.length < FEW && cursor !== undefined) {
      const query = new URLSearchParams({ limit: PAGE });
      if (bench.dataset.advertiser) {
        query.set("advertiser", bench.dataset.advertiser);
      }
      if (cursor) {
        query.set("cursor", cursor);
      }
      const page = await ask(`/v1/queue?${query}`);
      const fresh = page.items.filter((item) => !known.has(nameOf(item)) && !later.has(nameOf(item)));
      fresh.forEach((item) => known.add(nameOf(item)));
      ready.push(...fresh.sort((one, other) => rank(one) - rank(other)));
      cursor = page.next_cursor ?? undefined;
    }
  } catch (problem) {
    failure = problem.message;
  } finally {
    isAsking = false;
  }
  if (byId("subject").hidden) {
    show();
  } else {
    preload();
  }
}

function preload() {
  for (const item of ready.slice(0, PRELOADED + 1)) {
    for (const address of [thumbnailOf(item), pictureOf(item)]) {
      if (address && !loading.has(address)) {
        const picture = new Image();
        picture.src = address;
        loading.set(address, picture);
      }
    }
  }
}

// Slow pictures that nobody waits for any more must not keep fixes from the server.
function forget(item) {
  const address = pictureOf(item);
  const picture = loading.get(address);
  if (picture && !picture.complete) {
    picture.src = "";
    loading.delete(address);
  }
}

function next() {
  forget(ready.shift());
  staged = {};
  show();
  fill();
}

// ---- the screen ---------------------------------------------------------------------------------

function show() {
  const item = ready[0];
  byId("subject").hidden = !item;
  byId("nothing").hidden = Boolean(item);
  if (!item) {
    showNothing();
    return;
  }
  preload();
  showPhoto(item);
  byId("subject-title").textContent = item.title || item.vehicle_id;
  byId("subject-vehicle").textContent = [item.advertiser, item.vehicle_id, item.vin, item.scrape_color && `feed: ${item.scrape_color}`].filter(Boolean).join(" · ");
  byId("why").replaceChildren(...item.reasons.map((reason) => element("li", reason.text, reason.reason)));
  byId("details").href = `/panel/images/${item.image_id}?${new URLSearchParams({ advertiser: item.advertiser })}`;
  byId("conflict").hidden = !item.reasons.some((reason) => reason.reason === "conflict");
  showChosen();
}

function showNothing() {
  const isLooking = !failure && (cursor !== undefined || isAsking);
  const [title, text, again] = isLooking
    ? ["Looking for images", "", ""]
    : failure
      ? ["The queue cannot be had just now", failure, "Try again"]
      : later.size
        ? ["The rest was put off", `${later.size} put off in this tab.`, "Show what was put off"]
        : ["Nothing waits", "Everything that the model doubts was looked at. The next scrape brings more.", ""];
  byId("nothing").querySelector("h2").textContent = title;
  byId("nothing").querySelector("p").textContent = text;
  byId("again").textContent = again;
  byId("again").hidden = !again;
}

function showPhoto(item) {
  const photo = byId("photo");
  const address = pictureOf(item);
  const large = loading.get(address);
  const isThere = () => large.complete && large.naturalWidth > 0;
  photo.alt = `Image ${item.image_id} of ${item.title || item.vehicle_id}`;
  photo.src = isThere() || !item.thumbnail ? address : thumbnailOf(item);
  isShown = false;
  noteShown();
  if (!isThere() && item.thumbnail) {
    large.addEventListener("load", () => {
      if (ready[0] === item) {
        photo.src = address;
      }
    }, { once: true });
  }
}

// A small picture that a large one replaces was seen all the same.
function noteShown() {
  isShown ||= byId("photo").complete;
  byId("subject").setAttribute("aria-busy", String(!isShown));
}

function showChosen() {
  const item = ready[0];
  const type = staged.image_type ?? item.image_type.value;
  const color = type === "Placeholder" ? "none" : (staged.color ?? item.color.value ?? "none");
  const shown = byId("shown");
  shown.replaceChildren(
    element("span", type, `chip type-${type.toLowerCase()}`),
    " ",
    chip(color),
    element("span", ` ${sourceOf(item.image_type)}, ${sourceOf(item.color)}`, "faint"),
  );
  const said = item.predicted;
  if (said.image_type !== item.image_type.value || said.color !== item.color.value) {
    shown.append(element("span", `The model: ${said.image_type}, ${said.color ?? "no colour"}.`, "model"));
  }
  for (const button of bench.querySelectorAll("[data-set-type], [data-set-color]")) {
    const isChosen = button.dataset.setType ? button.dataset.setType === type : button.dataset.setColor === color;
    button.setAttribute("aria-pressed", String(isChosen));
  }
}

// ---- what people say ----------------------------------------------------------------------------

const line = new FixLine({
  onSent(entry, act) {
    const unshown = unshownOf(act);
    if (unshown) {
      say(unshown);
    }
  },
  onUndone(entry) {
    say(`Undone: ${wordsOf(entry.change)} on ${entry.item.vehicle_id}.`);
  },
  onFailed(entry, problem, kind) {
    if (kind === "fix" && !entry.isTakenBack) {
      count(-1);
      if (problem.status === 404) {
        say(`Not kept: ${entry.item.vehicle_id}. Its image does not stand in the sitemap any more.`, true);
        return; // it would be refused for ever
      }
      ready.splice(1, 0, entry.item); // not before what somebody is looking at just now
      if (ready.length === 1) {
        show();
      }
    } else if (kind === "undo") {
      count(1);
      drop(entry.item);
    }
    say(`${kind === "fix" ? "Not kept" : "Not undone"}: ${entry.item.vehicle_id}. ${problem.message}`, true);
  },
  onChange() {
    offerUndo();
    document.body.dataset.pending = String(line.pending);
  },
});

function comeBack(item) {
  ready.unshift(item);
  staged = {};
  show();
}

function drop(item) {
  const index = ready.indexOf(item);
  if (index >= 0) {
    ready.splice(index, 1);
    staged = {};
    show();
  }
}

function count(step) {
  for (const id of ["done-own", "done-all"]) {
    const figure = byId(id);
    if (figure) {
      figure.textContent = (Number(figure.textContent.replaceAll(",", "")) + step).toLocaleString("en");
    }
  }
}

// Nobody says what a picture shows that they have not seen.
function isSeen() {
  if (!mayFix || !ready[0]) {
    return false;
  }
  if (!isShown) {
    say("The picture is not there yet; once more, please.", true);
    return false;
  }
  return true;
}

function choose(change, { stays = false } = {}) {
  if (!isSeen()) {
    return;
  }
  staged = { ...staged, ...change };
  if (staged.image_type === "Placeholder") {
    delete staged.color;
  }
  if (stays) {
    showChosen();
  } else if (lacksColor()) {
    showChosen();
    say(`${staged.image_type}: now its colour, x for none.`);
  } else {
    keep();
  }
}

// A model that saw a Placeholder judged no paint: whoever says it is a vehicle has to.
function lacksColor() {
  return ready[0].image_type.value === "Placeholder" && (staged.image_type ?? "Placeholder") !== "Placeholder" && !staged.color;
}

// Whoever fixes one field has looked at the other too.
function keep() {
  if (!isSeen()) {
    return;
  }
  const item = ready[0];
  const change = { image_type: staged.image_type ?? item.image_type.value };
  if (change.image_type !== "Placeholder") {
    change.color = staged.color ?? item.color.value ?? "none";
  }
  putOff = [];
  const isConfirmed = change.image_type === item.image_type.value && (change.color ?? "none") === (item.color.value ?? "none");
  line.push({ advertiser: item.advertiser, urls: [item.url], change, everywhere: everywhere?.checked ?? false, note: isConfirmed ? "looks right" : "", item });
  say(`${isConfirmed ? "Right" : "Fixed"}: ${wordsOf(change)} on ${item.vehicle_id}.`);
  count(1);
  next();
}

function putAside() {
  const item = ready[0];
  if (!item) {
    return;
  }
  putOff.push(item);
  noteLater(item, true);
  say(`Later: ${item.vehicle_id}.`);
  next();
  offerUndo();
}

function noteLater(item, isLater) {
  later[isLater ? "add" : "delete"](nameOf(item));
  sessionStorage.setItem(LATER, JSON.stringify([...later]));
}

function undo() {
  const aside = putOff.pop();
  const entry = aside ? null : line.undo();
  if (aside) {
    noteLater(aside, false);
    comeBack(aside);
    say(`Back: ${aside.vehicle_id}.`);
  } else if (entry) {
    count(-1);
    comeBack(entry.item);
  } else {
    say("There is nothing to undo.");
  }
  offerUndo();
}

function offerUndo() {
  undoButton.hidden = !putOff.length && !line.last;
}

// ---- keys and buttons ---------------------------------------------------------------------------

const ACTS = { Enter: keep, l: putAside, u: undo, "?": () => keys.showModal() };

document.addEventListener("keydown", (event) => {
  if (isTyping(event)) {
    return;
  }
  const isOnButton = event.target.closest("button, a, summary") !== null;
  if (isOnButton && (event.key === "Enter" || event.key === " ")) {
    return; // what has the focus does what it says
  }
  if (event.key === "Escape") {
    staged = {};
    if (ready[0]) {
      showChosen();
    }
    return;
  }
  const act = ACTS[event.key];
  const change = act ? null : changeOf(event.key);
  if (act || change) {
    event.preventDefault();
    if (act && !event.repeat) {
      act();
    } else if (change && !event.repeat) {
      choose(change, { stays: event.shiftKey });
    }
  }
});

bench.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-type], [data-set-color]");
  if (button) {
    const { setType, setColor } = button.dataset;
    choose(setType ? { image_type: setType } : { color: setColor }, { stays: event.shiftKey });
    document.getElementById("main").focus({ preventScroll: true });
  }
});
["load", "error"].forEach((name) => byId("photo").addEventListener(name, noteShown));
byId("right")?.addEventListener("click", keep);
byId("later")?.addEventListener("click", putAside);
undoButton.addEventListener("click", undo);
byId("show-keys").addEventListener("click", () => keys.showModal());
everywhere?.addEventListener("change", () => document.getElementById("main").focus({ preventScroll: true }));
byId("again").addEventListener("click", () => {
  if (!failure) {
    later.forEach((name) => known.delete(name));
    later.clear();
    putOff = [];
    sessionStorage.removeItem(LATER);
    cursor = null;
  }
  fill();
});

fill();
