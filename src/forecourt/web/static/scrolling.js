// More vehicles as one scrolls: each part of the page says where the next one is.

import { askPart } from "./api.js";

/** Load what follows a `.more` inside of an element when it comes near the window. */
export function loadAsOneScrolls(vehicles) {
  const watcher = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => loadMore(entry.target)),
    { rootMargin: "800px" },
  );
  const watch = () => vehicles.querySelectorAll(".more").forEach((one) => watcher.observe(one));

  async function loadMore(marker) {
    watcher.unobserve(marker);
    marker.textContent = "Looking further…";
    try {
      marker.replaceWith(await askPart(marker.dataset.more));
      watch();
    } catch (problem) {
      marker.textContent = `${problem.message} `;
      const again = document.createElement("button");
      again.textContent = "Try again";
      again.addEventListener("click", () => loadMore(marker));
      marker.append(again);
    }
  }

  watch();
}
