// The card beside a chip: the words that a sentence comes from, and who published them when.

import { directionOf, element, quoted, words } from "./dom.js";
import { byline } from "./source.js";

const MARGIN = 8; // pixels to the window's edge, and to the chip
const LINGERS = 200; // milliseconds in which a pointer gets from the chip to the card; chosen

/** One card for all chips of a chat: on hover, focus, and the first tap. */
export class QuoteCard {
  #chip = null;
  #open = null;
  #leaving = 0;
  #sight = new IntersectionObserver((seen) => seen.at(-1).isIntersecting || this.hide());

  constructor() {
    this.element = element("div", { part: "quote", role: "tooltip", id: "quote", popover: "manual" });
    this.element.addEventListener("pointerenter", () => clearTimeout(this.#leaving));
    this.element.addEventListener("pointerleave", (event) => this.#left(event));
    // The chip keeps its focus, so that a tap in the card does not close it before it is a click.
    this.element.addEventListener("mousedown", (event) => event.preventDefault());
  }

  /**
   * Let a chip show its quotes.
   *
   * @param {HTMLAnchorElement} chip
   * @param {import("./source.js").Source} source
   * @param {string[]} quotes
   */
  explain(chip, source, quotes) {
    let firstTap = false;
    chip.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "touch") this.#show(chip, source, quotes);
    });
    chip.addEventListener("pointerleave", (event) => this.#left(event));
    chip.addEventListener("focus", () => this.#show(chip, source, quotes));
    chip.addEventListener("blur", () => this.hide());
    chip.addEventListener("pointerdown", (event) => {
      firstTap = event.pointerType === "touch" && this.#chip !== chip;
    });
    chip.addEventListener("click", (event) => {
      if (!firstTap) return;
      firstTap = false;
      event.preventDefault();
      this.#show(chip, source, quotes);
    });
  }

  /** Close the card. */
  hide() {
    clearTimeout(this.#leaving);
    if (!this.#chip) return;
    this.#open.abort();
    this.#sight.disconnect();
    this.#chip.removeAttribute("aria-describedby");
    this.#chip = null;
    if (this.element.isConnected) this.element.hidePopover();
  }

  #show(chip, source, quotes) {
    clearTimeout(this.#leaving);
    if (this.#chip === chip) return;
    this.hide();
    this.#chip = chip;
    this.element.replaceChildren(
      ...quotes.map((quote) => words("blockquote", {}, quoted(quote))),
      words("cite", {}, source.title),
      ...byline(source),
      element("a", { href: chip.href, target: "_blank", rel: "noopener", tabindex: -1 }, "Read it in the article"),
    );
    chip.setAttribute("aria-describedby", this.element.id);
    this.element.showPopover();
    this.element.dir = directionOf(this.element.firstElementChild);
    this.#place();
    this.#listen();
    this.#sight.observe(chip); // it may be scrolled away, or removed
  }

  #listen() {
    this.#open = new AbortController();
    const { signal } = this.#open;
    const moved = () => this.#place();
    // What scrolls inside the shadow root is not heard outside of it.
    this.element.getRootNode().addEventListener("scroll", moved, { capture: true, passive: true, signal });
    document.addEventListener("scroll", moved, { capture: true, passive: true, signal });
    window.addEventListener("resize", moved, { signal });
    window.addEventListener("keydown", (event) => this.#escaped(event), { capture: true, signal });
    window.addEventListener("pointerdown", (event) => this.#pressed(event), { capture: true, signal });
  }

  #left(event) {
    if (event.pointerType === "touch" || this.#chip?.matches(":focus-visible")) return;
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.hide(), LINGERS);
  }

  #escaped(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it closes the card, and does not stop the answer too
    this.hide();
  }

  #pressed(event) {
    const path = event.composedPath();
    if (!path.includes(this.element) && !path.includes(this.#chip)) this.hide();
  }

  /** Put the card below the chip, or above it, where its sentence is, if there alone is room. */
  #place() {
    const chip = this.#chip.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const { clientWidth, clientHeight } = document.documentElement;
    const middle = (chip.left + chip.right - width) / 2;
    const x = Math.max(MARGIN, Math.min(middle, clientWidth - width - MARGIN));
    const below = chip.bottom + MARGIN;
    const fits = below + height + MARGIN <= clientHeight || chip.top < clientHeight - chip.bottom;
    const y = fits ? below : chip.top - height - MARGIN;
    this.element.style.translate = `${x}px ${Math.max(MARGIN, y)}px`;
  }
}
