// Conflicts: ruled on by a click or a key, undone, and on to the next.

import { send } from "./api.js";
import { reload, tell } from "./acting.js";

const conflicts = [...document.querySelectorAll(".conflict")];
const done = []; // in the order in which they were ruled on

function current() {
  return document.activeElement?.closest(".conflict") ?? null;
}

function go(article) {
  article?.focus();
  article?.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const index = conflicts.indexOf(current());
  go(conflicts[Math.min(Math.max(index + step, 0), conflicts.length - 1)]);
}

function show(article, status, actId) {
  const isOpen = actId === undefined;
  const label = article.querySelector("[data-status]");
  label.textContent = status;
  label.classList.toggle("warn", isOpen);
  article.classList.toggle("settled", !isOpen);
  if (isOpen) {
    delete article.dataset.act;
  } else {
    article.dataset.act = actId;
  }
  for (const button of article.querySelectorAll("[data-ruling]")) {
    button.hidden = !isOpen;
  }
  article.querySelector("[data-undo]").hidden = isOpen;
}

async function rule(article, button) {
  if (!button || article.dataset.busy || article.dataset.act) {
    return;
  }
  article.dataset.busy = "1";
  const { ruling, value } = button.dataset;
  const { image, field, version } = article.dataset;
  const body = { image_id: Number(image), field, ruling, version };
  if (ruling === "everyone") {
    body.value = value;
  }
  try {
    const act = await send("POST", "/v1/conflicts/resolve", body);
    const said = { everyone: `everyone: ${value === "none" ? "no colour" : value}`, keep_both: "keep both", ambiguous: "ambiguous" }[ruling];
    show(article, said, act.act_id);
    done.push(article);
    tell(`Image ${body.image_id} ruled on: ${said}. Undo with u.`);
    go(conflicts.slice(conflicts.indexOf(article) + 1).find((one) => !one.dataset.act) ?? article);
  } catch (problem) {
    tell(problem.message, true);
  } finally {
    delete article.dataset.busy;
  }
}

async function undo(article) {
  if (!article?.dataset.act || article.dataset.busy) {
    return;
  }
  article.dataset.busy = "1";
  try {
    await send("POST", `/v1/acts/${article.dataset.act}/undo`, {});
    const said = `Image ${article.dataset.image}: the ruling is undone.`;
    const index = done.indexOf(article);
    if (index < 0) {
      reload(said); // it was ruled on before the page was drawn, which knows no version without
      return;
    }
    done.splice(index, 1);
    show(article, "open");
    tell(said);
    go(article);
  } catch (problem) {
    tell(problem.message, true);
  } finally {
    delete article.dataset.busy;
  }
}

document.addEventListener("click", (event) => {
  const article = event.target.closest(".conflict");
  const button = event.target.closest("button");
  if (article && button?.dataset.ruling) {
    rule(article, button);
  } else if (article && button && "undo" in button.dataset) {
    undo(article);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const article = current();
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "u") {
    undo(article?.dataset.act ? article : done.at(-1));
  } else if (article && event.key === "k") {
    rule(article, article.querySelector("[data-ruling=keep_both]"));
  } else if (article && event.key === "a") {
    rule(article, article.querySelector("[data-ruling=ambiguous]"));
  } else if (article && /^[1-9]$/.test(event.key)) {
    rule(article, article.querySelectorAll("[data-ruling=everyone]")[Number(event.key) - 1]);
  }
});

go(conflicts.find((one) => !one.dataset.act));
