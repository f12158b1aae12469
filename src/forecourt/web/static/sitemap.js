// The sitemap: moving over images, selecting, fixing; more vehicles as one scrolls.

import { askPart } from "./api.js";
import { startBulk } from "./bulk.js";
import { changeOf, FixLine, isTyping, unshownOf, wordsOf } from "./fixing.js";
import { loadAsOneScrolls } from "./scrolling.js";
import { neighbour, redraw, restore, show } from "./tiles.js";
import { isBad, say } from "./told.js";

const MOST_URLS = 1_000; // that the API takes at once; what is more becomes several acts

const bench = document.querySelector(".bench");
if (bench) {
  start();
}

function start() {
  const advertiser = bench.dataset.advertiser;
  const mayFix = "mayFix" in bench.dataset;
  const vehicles = document.getElementById("vehicles");
  const undoButton = document.getElementById("undo");
  const chosenBar = document.querySelector(".chosen");
  const applyButton = document.getElementById("apply");
  const pickingButton = document.getElementById("picking");
  const place = document.getElementById("place");
  const zoom = document.getElementById("zoom");
  const keys = document.getElementById("keys");
  const selected = new Set();
  const stale = new Set(); // URLs whose tiles the server has to draw anew
  let focused = null;
  let anchor = null;
  let staged = {};
  let isPicking = false;

  // ---- tiles ----------------------------------------------------------------------------------

  const tiles = () => [...vehicles.querySelectorAll(".tile")];

  // The same picture may stand in several places: a fix is for all of them.
  function twins(tile) {
    const image = tile.dataset.image;
    return image ? [...vehicles.querySelectorAll(`.tile[data-image="${image}"]`)] : tiles().filter((one) => one.dataset.url === tile.dataset.url);
  }

  function focusOn(tile, { scroll = true } = {}) {
    if (!tile) {
      return;
    }
    focused?.setAttribute("tabindex", "-1");
    focused?.classList.remove("focused");
    focused = tile;
    tile.setAttribute("tabindex", "0");
    tile.classList.add("focused");
    tile.focus({ preventScroll: true });
    if (scroll) {
      tile.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    showPlace(tile);
  }

  function setSelected(tile, isSelected) {
    tile.setAttribute("aria-selected", String(isSelected));
    if (isSelected) {
      selected.add(tile);
    } else {
      selected.delete(tile);
    }
  }

  function selectRange(from, to) {
    const all = tiles();
    const [first, last] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
    all.slice(first, last + 1).forEach((tile) => setSelected(tile, true));
  }

  function selectNothing() {
    [...selected].forEach((tile) => setSelected(tile, false));
    staged = {};
    drawDock();
  }

  // ---- fixes ----------------------------------------------------------------------------------

  const line = new FixLine({
    onSent(entry, act) {
      entry.urls.forEach((url) => stale.add(url));
      const unshown = unshownOf(act);
      if (unshown) {
        say(unshown);
      }
    },
    onUndone(entry) {
      restore(entry);
      entry.urls.forEach((url) => stale.add(url));
      say(`Undone: ${wordsOf(entry.change)} on ${count(entry.images ?? entry.urls.length)}.`);
    },
    onFailed(entry, problem, kind) {
      if (kind === "fix") {
        restore(entry);
      }
      entry.urls.forEach((url) => stale.add(url));
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

  function fix(targets, change, { everywhere = false, note = "" } = {}) {
    const urls = [...new Set(targets.map((tile) => tile.dataset.url))];
    const shown = new Map(); // what each tile showed before, for a failure or an undo
    for (const tile of targets.flatMap(twins)) {
      if (!shown.has(tile)) {
        shown.set(tile, { html: tile.innerHTML, type: tile.dataset.type, color: tile.dataset.color });
        show(tile, change);
      }
    }
    say(`${wordsOf(change)} on ${count(urls.length)}.`);
    for (let at = 0; at < urls.length; at += MOST_URLS) {
      const some = new Set(urls.slice(at, at + MOST_URLS));
      const before = new Map([...shown].filter(([tile]) => urls.length <= MOST_URLS || some.has(tile.dataset.url)));
      line.push({ advertiser, urls: [...some], change, everywhere, note, shown: before });
    }
  }

  // Once nothing is on its way, tiles are drawn by the server: sources, reasons, and what changed
  // besides.
  let isRefreshing = false;
  async function refresh() {
    if (isRefreshing || !stale.size) {
      return;
    }
    isRefreshing = true;
    await new Promise((resolve) => setTimeout(resolve, 150));
    while (stale.size && !line.pending) {
      const urls = [...stale].slice(0, 50);
      urls.forEach((url) => stale.delete(url));
      try {
        const query = new URLSearchParams([["advertiser", advertiser], ...urls.map((url) => ["url", url])]);
        const part = await askPart(`/panel/sitemap/tiles?${query}`);
        const fresh = new Map([...part.querySelectorAll(".tile")].map((tile) => [tile.dataset.url, tile]));
        for (const tile of tiles()) {
          const drawn = fresh.get(tile.dataset.url) ?? [...fresh.values()].find((one) => one.dataset.image && one.dataset.image === tile.dataset.image);
          if (drawn && !line.pending) {
            redraw(tile, drawn);
          }
        }
        if (focused && urls.includes(focused.dataset.url)) {
          showPlace(focused);
        }
      } catch (problem) {
        complain(problem);
        break;
      }
    }
    isRefreshing = false;
  }

  function choose(change) {
    if (selected.size > 1) {
      staged = { ...staged, ...change };
      if (staged.image_type === "Placeholder") {
        delete staged.color;
      }
      drawDock();
      return;
    }
    const target = selected.size ? [...selected][0] : focused;
    if (target) {
      fix([target], change);
    }
  }

  function apply() {
    if (selected.size && Object.keys(staged).length) {
      const targets = [...selected];
      const change = staged;
      selectNothing();
      fix(targets, change);
    }
  }

  function undo() {
    if (!line.undo()) {
      say("There is nothing to undo on this page; the image's history has the rest.");
    }
  }

  // ---- what is told ---------------------------------------------------------------------------

  function count(images) {
    return images === 1 ? "1 image" : `${images.toLocaleString("en")} images`;
  }

  // Of what could not be looked at. That a fix was not kept is worth more: it stays to be read.
  function complain(problem) {
    if (!isBad()) {
      say(problem.message, true);
    }
  }

  function drawDock() {
    chosenBar.hidden = selected.size === 0;
    document.getElementById("count").textContent = `${selected.size} selected`;
    document.getElementById("staged").textContent = Object.keys(staged).length ? `→ ${wordsOf(staged)}` : "press a key, or choose one under Keys";
    applyButton.disabled = Object.keys(staged).length === 0;
    document.body.classList.toggle("choosing", selected.size > 0);
  }

  // ---- the image in focus ---------------------------------------------------------------------

  let timer = 0;
  let wanted = null;
  function showPlace(tile) {
    clearTimeout(timer);
    wanted = tile.dataset.url;
    timer = setTimeout(async () => {
      const url = tile.dataset.url;
      try {
        const part = await askPart(`/panel/sitemap/place?${new URLSearchParams({ advertiser, url })}`);
        if (wanted === url && !place.contains(document.activeElement)) {
          place.replaceChildren(part);
        }
      } catch (problem) {
        complain(problem);
      }
    }, 180);
  }

  place.addEventListener("click", (event) => {
    if (event.target.closest(".close")) {
      place.replaceChildren();
      focused?.focus({ preventScroll: true });
    }
  });

  place.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const url = form.closest("[data-url]").dataset.url;
    const tile = tiles().find((one) => one.dataset.url === url);
    const type = form.elements.type.value;
    const change = { image_type: type };
    if (type !== "Placeholder") {
      change.color = form.elements.color.value;
    }
    if (tile) {
      const options = { everywhere: form.elements.everywhere?.checked ?? false, note: form.elements.note.value };
      focusOn(tile);
      fix([tile], change, options);
    }
  });

  function zoomIn() {
    const picture = focused?.querySelector("img");
    if (!picture) {
      say("No picture is kept of this image.");
      return;
    }
    const large = document.getElementById("zoomed");
    large.src = picture.src;
    large.alt = picture.alt;
    zoom.showModal();
    // What is kept is small; the server asks for the original, and may not get it.
    const fetched = new Image();
    fetched.src = `/panel/pictures/${focused.dataset.image}.jpg?${new URLSearchParams({ advertiser })}`;
    fetched.onload = () => {
      if (zoom.open && large.src === picture.src) {
        large.src = fetched.src;
      }
    };
  }

  // ---- events ---------------------------------------------------------------------------------

  vehicles.addEventListener("click", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile) {
      return;
    }
    if (event.shiftKey && (anchor ?? focused)) {
      selectRange(anchor ?? focused, tile);
    } else if (isPicking || event.ctrlKey || event.metaKey) {
      setSelected(tile, !selected.has(tile));
      anchor = tile;
    } else {
      anchor = tile;
    }
    focusOn(tile, { scroll: false });
    drawDock();
  });
  vehicles.addEventListener("dblclick", (event) => event.target.closest(".tile") && zoomIn());

  const actions = {
    Enter: apply,
    Escape: selectNothing,
    u: undo,
    z: zoomIn,
    "?": () => keys.showModal(),
    "/": () => document.getElementById("search").focus(),
  };

  document.addEventListener("keydown", (event) => {
    if (isTyping(event)) {
      return;
    }
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      const next = neighbour(tiles(), focused, event.key);
      if (next && event.shiftKey && mayFix) {
        anchor ??= focused ?? next;
        selectRange(anchor, next);
        drawDock();
      } else if (next) {
        anchor = next;
      }
      focusOn(next);
      return;
    }
    // A button that has the focus is pressed by these two, as everywhere.
    if ((event.key === " " || event.key === "Enter") && event.target.closest("button, a, summary")) {
      return;
    }
    if (event.key === " " && focused && mayFix) {
      event.preventDefault();
      setSelected(focused, !selected.has(focused));
      anchor = focused;
      drawDock();
      return;
    }
    const action = actions[event.key];
    const change = mayFix && !action ? changeOf(event.key) : null;
    if (action) {
      event.preventDefault();
      action();
    } else if (change) {
      event.preventDefault();
      choose(change);
    }
  });

  applyButton.addEventListener("click", apply);
  undoButton.addEventListener("click", undo);
  document.getElementById("none").addEventListener("click", selectNothing);
  document.getElementById("help").addEventListener("click", () => keys.showModal());
  pickingButton?.addEventListener("click", () => {
    isPicking = !isPicking;
    pickingButton.setAttribute("aria-pressed", String(isPicking));
  });
  document.querySelectorAll("#keys kbd[data-set-type], #keys kbd[data-set-color]").forEach((one) => {
    if (mayFix) {
      one.closest("li").addEventListener("click", () => {
        keys.close();
        choose(changeOf(one.textContent));
      });
    }
  });

  // ---- all that fit ---------------------------------------------------------------------------

  const bulk = document.getElementById("bulk-dialog");
  if (bulk) {
    startBulk(bulk, advertiser, JSON.parse(bench.dataset.selection), (change, images, act) => {
      say(`${wordsOf(change)} on ${count(images)}.`);
      line.keep({ urls: tiles().map((tile) => tile.dataset.url), change, images }, act);
    });
  }

  // ---- the beginning --------------------------------------------------------------------------

  loadAsOneScrolls(vehicles);
  tiles()[0]?.setAttribute("tabindex", "0");
  vehicles.addEventListener("focusin", (event) => {
    const tile = event.target.closest(".tile");
    if (tile && tile !== focused) {
      focusOn(tile, { scroll: false });
    }
  });
  drawDock();
}
