// Text to the clipboard, also on a page of plain http, which has no navigator.clipboard.

import { element } from "./dom.js";

/**
 * Copy a text; tell whether the browser let us.
 *
 * @param {string} text
 * @param {HTMLElement} beside where the old way may put a textbox for the moment
 * @returns {Promise<boolean>}
 */
export async function toClipboard(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return selected(text, beside); // there is none, or not for us
  }
}

function selected(text, beside) {
  const focused = beside.getRootNode().activeElement;
  const box = element("textarea", { class: "unseen", readonly: true, "aria-hidden": "true" });
  box.value = text;
  beside.append(box);
  box.select();
  const copied = document.execCommand("copy");
  box.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}
