// Forms that ask first and then send what was filled in to the API; and bars of what is under way.

import { ask, send } from "./api.js";

const PAUSE_MS = 2000;
const told = document.getElementById("told");
const dialog = document.getElementById("confirm");

function isSure(question) {
  document.getElementById("confirm-text").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

// What the API takes: lines are a list, a box is true or false, per cent are a share.
function read(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name) {
      continue;
    }
    if (field.type === "checkbox") {
      body[field.name] = field.checked;
    } else if (field.name === "share") {
      body.share = Number(field.value) / 100;
    } else if (field.name === "advertisers") {
      body.advertisers = field.value.split("\n").map((line) => line.trim()).filter(Boolean);
    } else if (field.value.trim()) {
      body[field.name] = field.value.trim();
    }
  }
  return body;
}

async function submit(form) {
  told.hidden = true;
  if (!(await isSure(form.dataset.confirm))) {
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await send("POST", form.dataset.post, read(form));
    location.reload();
  } catch (problem) {
    told.textContent = problem.message;
    told.hidden = false;
    told.scrollIntoView({ block: "nearest" });
    button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.dataset.post) {
    event.preventDefault();
    submit(event.target);
  }
});

async function follow(row) {
  const retag = await ask(`/v1/retags/${row.dataset.retag}`);
  const bar = row.querySelector("progress");
  const isOver = retag.status === "finished" || retag.status === "cancelled";
  if (isOver || (bar === null && retag.images !== null)) {
    location.reload();
    return;
  }
  if (bar !== null) {
    bar.value = retag.looked_at;
  }
  for (const place of row.querySelectorAll("[data-show]")) {
    const value = retag[place.dataset.show];
    place.textContent = typeof value === "number" ? value.toLocaleString("en") : value;
  }
}

const rows = [...document.querySelectorAll("[data-retag]")];
if (rows.length) {
  const look = async () => {
    if (!document.hidden && !dialog.open && !document.activeElement?.matches("input, textarea")) {
      try {
        await Promise.all(rows.map(follow));
      } catch {
        // The next look will tell; the page says what it knew.
      }
    }
    setTimeout(look, PAUSE_MS);
  };
  setTimeout(look, PAUSE_MS);
}
