// Images of a sitemap: drawn at once as a fix will have them, and as the server has them.

/** Draw a tile as the server will draw it once a change is kept. */
export function show(tile, change) {
  const type = change.image_type ?? tile.dataset.type;
  let color = change.color ?? tile.dataset.color;
  if (type === "Placeholder") {
    color = "none";
  }
  const [typeTag, colorTag] = [document.createElement("p"), document.createElement("p")];
  typeTag.className = colorTag.className = "tag";
  const word = document.createElement("b");
  word.className = `t-${type.toLowerCase()}`;
  word.textContent = type;
  typeTag.append(word, " ", mark(change.image_type ? "fixed" : markOf(tile, 0)));
  const dot = document.createElement("i");
  dot.className = `dot color-${color.toLowerCase()}`;
  colorTag.append(dot, color === "none" ? "no colour" : color, " ", mark(change.color ? "fixed" : markOf(tile, 1)));
  tile.classList.remove("skipped");
  tile.querySelectorAll(".tag, .unsure").forEach((old) => old.remove());
  tile.querySelector("img, .nothing").after(typeTag, colorTag);
  tile.dataset.type = type;
  tile.dataset.color = color;
  tile.classList.add("fresh");
}

function mark(text) {
  const small = document.createElement("small");
  small.textContent = text;
  return small;
}

function markOf(tile, index) {
  return tile.querySelectorAll(".tag")[index]?.querySelector("small")?.textContent ?? "";
}

/** Draw the tiles of a fix as they were before it. */
export function restore(entry) {
  for (const [tile, before] of entry.shown ?? []) {
    tile.innerHTML = before.html; // what the server drew
    tile.dataset.type = before.type;
    tile.dataset.color = before.color;
  }
}

/** Draw a tile as the server has drawn it. */
export function redraw(tile, drawn) {
  tile.querySelectorAll(".tag, .said, .unsure").forEach((old) => old.remove());
  tile.append(...[...drawn.querySelectorAll(".tag, .said, .unsure")].map((one) => one.cloneNode(true)));
  tile.classList.toggle("skipped", drawn.classList.contains("skipped"));
  tile.classList.remove("fresh");
  tile.dataset.type = drawn.dataset.type;
  tile.dataset.color = drawn.dataset.color;
}

/** Return the tile that an arrow key leads to from another, or none; without another the first one. */
export function neighbour(all, from, key) {
  if (!from) {
    return all[0];
  }
  const index = all.indexOf(from);
  if (key === "ArrowLeft") {
    return all[index - 1];
  }
  if (key === "ArrowRight") {
    return all[index + 1];
  }
  return inNextRow(all, index, key === "ArrowDown" ? 1 : -1);
}

// Rows are what the eye sees: tiles of one height on the screen.
function inNextRow(all, index, step) {
  const here = all[index].getBoundingClientRect();
  let rowTop = null;
  let best = null;
  for (let other = index + step; other >= 0 && other < all.length; other += step) {
    const box = all[other].getBoundingClientRect();
    if (Math.abs(box.top - here.top) < 4) {
      continue;
    }
    rowTop ??= box.top;
    if (Math.abs(box.top - rowTop) > 4) {
      break;
    }
    if (!best || Math.abs(box.left - here.left) < Math.abs(best.getBoundingClientRect().left - here.left)) {
      best = all[other];
    }
  }
  return best;
}
