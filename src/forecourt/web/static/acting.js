// Buttons and forms that do something by the API, as their attributes say:
//
//   data-send="/v1/..."     where to; data-method, if it is not POST
//   data-body='{"a": 1}'    what a button sends; a form sends its fields
//   data-confirm="..."      what is asked first
//   data-said="..."         what is told when it is done
//   data-stay               the page is not loaded anew: the button stays, and what was an act can be undone
//   data-secret="token"     a member of the answer that is shown once, and never again

import { send } from "./api.js";

const KEPT = "forecourt-told";

/** Tell people what became of it, in the line of the page that screen readers follow. */
export function tell(text, isBad = false) {
  const line = document.getElementById("told");
  line.textContent = text;
  line.className = isBad ? "told problem" : "told";
}

/** Load the page anew, and tell people there what became of it. */
export function reload(said) {
  sessionStorage.setItem(KEPT, said);
  location.reload();
}

/** Ask before something is done; resolves to whether it is wanted. */
export function confirmed(text, label) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("p").textContent = text;
  dialog.querySelector("[value=yes]").textContent = label;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Return what a form sends: empty fields are left out, boxes of one name are a list, days last to their end. */
export function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled) {
      continue;
    }
    if (field.type === "checkbox") {
      if (field.checked) {
        (body[field.name] ??= []).push(field.value);
      }
    } else if (field.value !== "") {
      body[field.name] = field.type === "date" ? `${field.value}T23:59:59Z` : field.value;
    }
  }
  return body;
}

async function act(element, label, body) {
  const { send: path, method = "POST", confirm, said = "Done.", secret } = element.dataset;
  if (confirm && !(await confirmed(confirm, label))) {
    return;
  }
  const button = element instanceof HTMLFormElement ? element.querySelector("button:not([type=button])") : element;
  button.disabled = true;
  try {
    const answer = await send(method, path, body);
    if (secret) {
      showSecret(answer[secret]);
    } else if ("stay" in element.dataset) {
      tell(said);
      if (answer?.act_id) {
        offerUndo(element, answer.act_id);
      }
    } else {
      reload(said);
    }
  } catch (problem) {
    button.disabled = false;
    tell(problem.message, true);
  }
}

function offerUndo(element, actId) {
  const undo = document.createElement("button");
  undo.type = "button";
  undo.textContent = "Undo";
  undo.addEventListener("click", async () => {
    undo.disabled = true;
    try {
      await send("POST", `/v1/acts/${actId}/undo`, {});
      tell("Undone.");
      undo.remove();
      for (const one of [element, ...element.querySelectorAll("button")]) {
        one.disabled = false;
      }
    } catch (problem) {
      undo.disabled = false;
      tell(problem.message, true);
    }
  });
  element.after(undo);
  undo.focus();
}

function showSecret(text) {
  const dialog = document.getElementById("secret");
  dialog.querySelector("output").textContent = text ?? "This was sent before, and is not told again.";
  dialog.addEventListener("close", () => location.reload(), { once: true });
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-send]");
  if (button) {
    act(button, button.textContent, JSON.parse(button.dataset.body ?? "{}"));
  }
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-send]");
  if (form) {
    event.preventDefault();
    act(form, event.submitter?.textContent ?? "Do it", bodyOf(form));
  }
});

const told = sessionStorage.getItem(KEPT);
if (told && document.getElementById("told")) {
  sessionStorage.removeItem(KEPT);
  tell(told);
}
