// Elements are made of attributes and text; nothing that an article or a model wrote ever becomes HTML.

/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */

/**
 * Make an element; null, undefined and false are no attributes, true is an empty one.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value != null && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * Make an element for words that are not ours: of any language, written in any direction.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function words(tag, attributes, ...children) {
  return element(tag, { dir: "auto", lang: "", ...attributes }, ...children);
}

/**
 * Put words in quotation marks, unless they have their own at an end.
 *
 * @param {string} text
 * @returns {string}
 */
export function quoted(text) {
  return /^["“„«]|["”»]$/.test(text) ? text : `“${text}”`;
}

/**
 * Tell in which direction the words of an element that is shown are written.
 *
 * @param {Element} shown
 * @returns {"rtl" | "ltr"}
 */
export function directionOf(shown) {
  return shown.matches(":dir(rtl)") ? "rtl" : "ltr";
}
