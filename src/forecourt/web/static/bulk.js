// Fixing all images that the filters let through: counted first, then done in one act.

import { send } from "./api.js";

/** Start the dialog; `onFixed(change, images, act)` is called when it is done. */
export function startBulk(dialog, advertiser, selection, onFixed) {
  const form = document.getElementById("bulk-form");
  const told = document.getElementById("bulk-told");
  const go = document.getElementById("bulk-go");
  let confirmed = null;

  function read() {
    const [type, color] = [form.elements.type.value, form.elements.color.value];
    const change = {};
    if (type) {
      change.image_type = type;
    }
    if (color && type !== "Placeholder") {
      change.color = color;
    }
    return { advertiser, selection, note: form.elements.note.value, ...change };
  }

  function forget() {
    confirmed = null;
    go.disabled = true;
    go.textContent = "Fix";
    told.textContent = "";
  }

  async function run(work) {
    form.querySelectorAll("button").forEach((button) => (button.disabled = true));
    try {
      await work();
    } catch (problem) {
      told.textContent = problem.message;
    }
    form.querySelectorAll("button").forEach((button) => (button.disabled = false));
    go.disabled = confirmed === null;
  }

  document.getElementById("bulk").addEventListener("click", () => {
    forget();
    dialog.showModal();
  });
  document.getElementById("bulk-cancel").addEventListener("click", () => dialog.close());
  form.addEventListener("change", forget);
  document.getElementById("bulk-count").addEventListener("click", () =>
    run(async () => {
      const body = read();
      if (!body.image_type && !body.color) {
        told.textContent = "Choose a type, a colour, or both.";
        return;
      }
      told.textContent = "Counting…";
      const preview = await send("POST", "/v1/fixes/bulk", { ...body, dry_run: true });
      confirmed = preview.images || null;
      const name = preview.images === 1 ? "1 image" : `${preview.images.toLocaleString("en")} images`;
      told.textContent = preview.images ? `${name} would be fixed.` : "Nothing fits.";
      go.textContent = preview.images ? `Fix ${name}` : "Fix";
    }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (confirmed !== null) {
      run(async () => {
        told.textContent = "Fixing…";
        const { image_type, color, ...rest } = read();
        const change = { ...(image_type && { image_type }), ...(color && { color }) };
        const act = await send("POST", "/v1/fixes/bulk", { ...rest, ...change, confirmed });
        onFixed(change, confirmed, act);
        forget();
        dialog.close();
      });
    }
  });
}
