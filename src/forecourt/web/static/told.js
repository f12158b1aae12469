// The line of a page in which people read, or hear, what became of what they did.

const told = document.getElementById("told");

/** Say something there, in place of what was said before. */
export function say(text, isBad = false) {
  told.textContent = text;
  told.classList.toggle("bad", isBad);
}

/** Whether what stands there is that something failed. */
export function isBad() {
  return told.classList.contains("bad");
}
