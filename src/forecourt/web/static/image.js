// One image: fixing it by keys, by lists or by a look; the box over the picture.

import { askPart } from "./api.js";
import { changeOf, FixLine, isTyping, unshownOf, wordsOf } from "./fixing.js";
import { say } from "./told.js";

const facts = document.getElementById("facts");
const undoButton = document.getElementById("undo");
const keys = document.getElementById("keys");
const box = document.getElementById("box");

document.getElementById("show-box")?.addEventListener("change", (event) => {
  box.classList.toggle("gone", !event.target.checked);
});

const line = new FixLine({
  onSent(entry, act) {
    const unshown = unshownOf(act);
    if (unshown) {
      say(unshown);
    }
  },
  onUndone(entry) {
    say(`Undone: ${wordsOf(entry.change)}.`);
  },
  onFailed(_entry, problem, kind) {
    say(`${kind === "fix" ? "Not fixed" : "Not undone"}: ${problem.message}`, true);
  },
  onChange() {
    undoButton.hidden = !line.last;
    document.body.dataset.pending = String(line.pending);
    if (!line.pending) {
      refresh();
    }
  },
});

// What the server now says of the image, its history too.
async function refresh() {
  const focused = facts.contains(document.activeElement) ? (document.activeElement.id || document.activeElement.name) : "";
  try {
    const part = await askPart(location.pathname + location.search);
    if (!line.pending) {
      facts.replaceChildren(...part.getElementById("facts").children);
      const again = focused ? facts.querySelector(`[id="${focused}"], [name="${focused}"]`) : null;
      again?.focus({ preventScroll: true });
    }
  } catch (problem) {
    say(problem.message, true);
  }
}

function fix(change) {
  const form = document.getElementById("fix");
  const { advertiser, url } = form.dataset;
  const everywhere = form.elements.everywhere?.checked ?? false;
  line.push({ advertiser, urls: [url], change, everywhere, note: form.elements.note.value });
  // At once; the server's own words come when it has kept it.
  if (change.image_type) {
    form.elements.image_type.value = change.image_type;
  }
  if (change.color) {
    form.elements.color.value = change.color;
  }
  say(`${wordsOf(change)}.`);
}

// What nobody has seen, the model neither, has no button to say that it looks right.
function confirm() {
  if (document.getElementById("right")) {
    fix(shownChange());
  }
}

function shownChange() {
  const chips = document.querySelectorAll("#shown .chip");
  const type = chips[0].lastChild.textContent.trim();
  const color = chips[1].textContent.trim();
  if (type === "Placeholder") {
    return { image_type: type };
  }
  return { image_type: type, color: color === "no colour" ? "none" : color };
}

const ACTS = {
  Enter: confirm,
  u: () => line.undo() ?? say("There is nothing to undo."),
  "?": () => keys.showModal(),
};

if (undoButton) {
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.repeat) {
      return;
    }
    if (event.key === "Enter" && event.target.closest("button, a, summary")) {
      return; // what has the focus does what it says
    }
    const change = ACTS[event.key] ? null : changeOf(event.key);
    if (ACTS[event.key] || change) {
      event.preventDefault();
      (ACTS[event.key] ?? (() => fix(change)))();
    }
  });
  facts.addEventListener("submit", (event) => {
    event.preventDefault();
    const { image_type, color } = event.target.elements;
    fix(image_type.value === "Placeholder" ? { image_type: image_type.value } : { image_type: image_type.value, color: color.value });
  });
  facts.addEventListener("click", (event) => {
    if (event.target.closest("#right")) {
      confirm();
    } else if (event.target.closest("#show-keys")) {
      keys.showModal();
    }
  });
  undoButton.addEventListener("click", ACTS.u);
}
