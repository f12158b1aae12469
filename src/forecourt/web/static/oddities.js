// Oddities are counted when somebody asks: the page is there at once, and they come when they are.

import { askPart } from "./api.js";
import { tell } from "./acting.js";

const found = document.getElementById("found");
try {
  found.replaceChildren(await askPart(found.dataset.part));
} catch (problem) {
  found.replaceChildren();
  tell(problem.message, true);
}
found.setAttribute("aria-busy", "false");
