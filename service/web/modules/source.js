// Where an article can be read, and what is said of it beside its title.

import { element, words } from "./dom.js";

/**
 * An article as it is cited; offsets in its text are in code points, as in every link to it.
 *
 * @typedef {object} Source
 * @property {string} article_id
 * @property {string} version
 * @property {string} title
 * @property {string | null} outlet
 * @property {string | null} url
 * @property {string | null} published
 * @property {string[]} credits
 */

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

// Of a longer quote its first and last words are named: service/http/links.py.
const LONGEST_WHOLE = 120; // characters
const ENDS = 5; // words

/**
 * Give where an article is read, with some of its text highlighted: the service's own page of this version.
 *
 * That page wants a key where the service does. Who reads somebody else's page has none, and gets the article's own.
 *
 * @param {URL} address of the service, with a slash at its end
 * @param {Source} source
 * @param {{start: number, end: number, quote?: string}} cited
 * @param {boolean} keyed whether the service is asked with a key, which a link has not
 * @returns {string}
 */
export function placeOf(address, source, cited, keyed) {
  const own = keyed && webAddress(source.url);
  return own ? withWords(own, cited.quote) : articlePage(address, source, cited);
}

/** Let a browser scroll to words and mark them: https://wicg.github.io/scroll-to-text-fragment/. */
function withWords(url, quote) {
  if (!quote) return url.href;
  const [href] = url.href.split(":~:"); // an address that was copied may name other words
  const said = quote.trim().toWellFormed().split(/\s+/);
  const whole = said.join(" ").length <= LONGEST_WHOLE || said.length <= 2 * ENDS;
  const ends = whole ? [said] : [said.slice(0, ENDS), said.slice(-ENDS)];
  // A hyphen would be a part of the syntax.
  const text = ends.map((some) => encodeURIComponent(some.join(" ")).replaceAll("-", "%2D")).join(",");
  return `${href}${href.includes("#") ? "" : "#"}:~:text=${text}`;
}

function articlePage(address, source, { start, end }) {
  const steps = source.article_id.split("/");
  // A browser would walk the steps `.` and `..` before it asks: then the slashes are encoded too.
  const walked = steps.includes(".") || steps.includes("..");
  const id = steps.map(encodeURIComponent).join(walked ? "%2F" : "/");
  return `${address.href}articles/${id}?${new URLSearchParams({ version: source.version, start, end })}#quote`;
}

/**
 * Give an article's own address, or null where it is none of the web: `javascript:` and `data:` run in who clicks.
 *
 * @param {string | null} url
 * @returns {URL | null}
 */
export function webAddress(url) {
  const parsed = url && URL.canParse(url) ? new URL(url) : null;
  return parsed && ["http:", "https:"].includes(parsed.protocol) && parsed.hostname ? parsed : null;
}

/**
 * Give the day of a moment, as the article's outlet would print it: a date without a time is 00:00 UTC.
 *
 * @param {string | null} moment
 * @returns {string}
 */
export function day(moment) {
  const when = new Date(moment ?? NaN);
  return Number.isNaN(when.getTime()) ? "" : DAY.format(when);
}

/**
 * Give who published an article, and when, as text.
 *
 * @param {Source} source
 * @returns {string}
 */
export function about(source) {
  return [source.outlet, day(source.published), source.credits.join(", ")].filter(Boolean).join(" · ");
}

/**
 * Give who published an article, and when, and what else belongs there, as an element; nothing where nothing is known.
 *
 * @param {Source} source
 * @param {...(Node | null)} more
 * @returns {HTMLElement[]}
 */
export function byline(source, ...more) {
  const date = day(source.published);
  const known = [
    source.outlet && words("span", {}, source.outlet),
    date && element("time", { datetime: source.published, dir: "auto" }, date),
    source.credits.length && words("span", {}, source.credits.join(", ")),
    ...more,
  ].filter(Boolean);
  return known.length ? [element("span", { part: "byline" }, ...known.flatMap((one) => [" · ", one]).slice(1))] : [];
}
