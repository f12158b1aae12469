// Tags as marks and words.

/** Return where a tag comes from, in words: "model 71 %". */
export function sourceOf(tag) {
  return tag.confidence === null ? tag.source : `${tag.source} ${Math.min(99, Math.round(100 * tag.confidence))} %`;
}

/** Return a colour as a mark with its name. */
export function chip(color) {
  const made = element("span", "", "chip");
  made.append(element("i", "", `dot color-${color.toLowerCase()}`), color === "none" ? "no colour" : color);
  return made;
}

/** Return an element with a text. */
export function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}
