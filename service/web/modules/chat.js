// The chat as an element: what is asked, the conversation, and what happens in between.

import { toClipboard } from "./clipboard.js";
import { element } from "./dom.js";
import { button, Exchange } from "./exchange.js";
import { QuoteCard } from "./quote.js";
import { signInForm } from "./sign_in.js";
import { ask, Unanswered } from "./stream.js";
import { style } from "./style.js";

// What the service takes: service/types.py.
const LONGEST_QUESTION = 2000; // code points
const MOST_TURNS = 40;
const MOST_HISTORY = 20_000; // characters

const TOLD_BEFORE = 200; // characters that are left when the limit is told; chosen
const NEAR_THE_END = 48; // pixels within which a reader reads the end; chosen

const GROWS = CSS.supports("field-sizing", "content"); // a textbox with what is typed

const INTRODUCTION = "Ask the articles. Every sentence of the answer shows the words that it comes from.";
const PLACEHOLDER = "Ask about the articles";
const HEADING = "Questions and answers";

/**
 * <groundwire-chat>.
 *
 * Attributes, which may change at any time: `address` of the service (default: where this file comes from),
 * `api-key`, `title`, `theme` (light, dark, auto), `placeholder`, `questions` (divided by `|` or line breaks).
 *
 * Events: `groundwire-answer` (detail: the Answer), `groundwire-error` (detail: {message, status?}),
 * `groundwire-signed-in`.
 */
export class GroundwireChat extends HTMLElement {
  static observedAttributes = ["title", "placeholder", "questions"];

  #exchanges = [];
  #asking = null;
  #waiting = null;
  #asked = 0;
  #card = new QuoteCard();
  #title = element("h2", { part: "title", dir: "auto" });
  #starters = element("ul", { part: "starters" });
  #introduction = element("div", { part: "introduction" }, element("p", { dir: "auto" }, INTRODUCTION), this.#starters);
  #log = element("div", { part: "log", role: "log", "aria-label": "Conversation", tabindex: 0 }, this.#introduction);
  #textbox = element("textarea", {
    part: "textbox",
    rows: 1,
    dir: "auto",
    "aria-label": "Question",
    "aria-describedby": "limit",
    enterkeyhint: "send",
  });
  #limit = element("p", { part: "limit", id: "limit", dir: "auto" });
  #submit = element("button", { part: "ask", type: "submit" }, "Ask");
  #anew = button("New conversation", { part: "new", hidden: true }, () => this.#begin());
  #status = element("p", { role: "status", class: "unseen" });

  constructor() {
    super();
    const line = element("div", { part: "line" }, this.#textbox, this.#submit);
    const below = element("div", { part: "below" }, this.#limit, this.#anew);
    const form = element("form", { part: "form" }, line, below);
    form.addEventListener("submit", (event) => this.#submitted(event));
    this.#textbox.addEventListener("keydown", (event) => this.#typed(event));
    this.#textbox.addEventListener("input", () => this.#measure());
    this.#submit.addEventListener("click", (event) => {
      if (event.detail > 1) event.preventDefault(); // a double click's second would stop what its first asked
    });

    // An empty title, lest the element's own pop up over all of it.
    const chat = element("div", { class: "chat", lang: "en", title: "" });
    chat.append(element("header", { part: "header" }, this.#title), this.#log, form, this.#status, this.#card.element);
    chat.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) this.#asking?.abort();
    });
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [style];
    root.append(chat);
    this.attributeChangedCallback();
  }

  attributeChangedCallback() {
    const title = this.getAttribute("title")?.trim();
    this.#title.textContent = title || HEADING;
    this.#title.classList.toggle("unseen", !title);
    this.#textbox.placeholder = this.getAttribute("placeholder") ?? PLACEHOLDER;
    const questions = (this.getAttribute("questions") ?? "").split(/[|\r\n]/).map((one) => one.trim());
    this.#starters.replaceChildren(...questions.filter(Boolean).map((question) => this.#starter(question)));
    this.#starters.hidden = !this.#starters.childElementCount;
  }

  disconnectedCallback() {
    this.#card.hide();
    // Not when it is only moved.
    queueMicrotask(() => this.isConnected || this.#asking?.abort());
  }

  /** Where the service is, with a slash at its end; null where the attribute says nothing that can be reached. */
  get #address() {
    const given = this.getAttribute("address")?.trim();
    if (!given) return new URL("..", import.meta.url);
    const address = URL.canParse(given, document.baseURI) ? new URL(given, document.baseURI) : null;
    if (!["http:", "https:"].includes(address?.protocol)) return null;
    return new URL(`${address.origin}${address.pathname.replace(/\/*$/, "/")}`);
  }

  /** The page's own key, which everybody can read. */
  get #key() {
    return this.getAttribute("api-key")?.trim();
  }

  /** Whether a reader can sign in: on a page of the service itself, to which alone a browser sends the cookie. */
  #maySignIn(address) {
    return !this.#key && address.origin === location.origin;
  }

  #starter(question) {
    const ask = () => this.#ask(question);
    return element("li", {}, button(question, { part: "starter", dir: "auto", lang: "" }, ask));
  }

  #typed(event) {
    // An input method takes Enter for the word that is being written; Safari tells it by the code alone.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!this.#asking) this.#askTyped();
  }

  #submitted(event) {
    event.preventDefault();
    if (this.#asking) this.#asking.abort();
    else this.#askTyped();
  }

  #askTyped() {
    const question = this.#textbox.value.trim();
    if (!question || this.#measure() < 0) {
      this.#textbox.focus();
      return;
    }
    this.#textbox.value = "";
    this.#measure();
    if (onTouch()) this.#textbox.blur();
    this.#ask(question);
  }

  /** Give how many more characters a question may have, and say so when they are few. */
  #measure() {
    const left = LONGEST_QUESTION - [...this.#textbox.value.trim()].length;
    const told = left < 0 ? `${-left} characters too many` : left < TOLD_BEFORE ? `${left} characters left` : "";
    if (!GROWS) {
      this.#textbox.style.blockSize = "auto";
      this.#textbox.style.blockSize = `${this.#textbox.scrollHeight + 2}px`; // and its border
    }
    // Said aloud when it comes near and when it is passed, not at every key.
    const state = left < 0 ? "over" : told && "near";
    if (state && state !== this.#limit.dataset.state) this.#status.textContent = told;
    this.#limit.dataset.state = state;
    this.#limit.textContent = told;
    this.#textbox.ariaInvalid = String(left < 0);
    return left;
  }

  async #ask(question) {
    if (this.#asking) return;
    if (this.#waiting) this.#drop(this.#waiting); // for a key, which this question will ask for, too
    this.#waiting = null;
    const asking = new AbortController();
    const { signal } = asking;
    const history = historyOf(this.#exchanges);
    const address = this.#address;
    const exchange = this.#open(question, address);
    this.#busy(asking);
    try {
      if (!address) throw new Unanswered(`The service's address, ${this.getAttribute("address")}, is none of the web.`);
      for await (const event of ask({ address, key: this.#key, question, history, signal })) {
        this.#show(exchange, event);
      }
    } catch (error) {
      if (error.status === 401 && this.#maySignIn(address)) this.#wantKey(exchange, address);
      else this.#ended(exchange, error, signal);
    } finally {
      if (this.#asking === asking) this.#busy(null);
    }
  }

  #open(question, address) {
    const exchange = new Exchange(question, {
      address,
      keyed: Boolean(this.#key),
      card: this.#card,
      id: `question-${++this.#asked}`,
      copy: () => this.#copy(exchange),
      again: () => this.#again(exchange),
    });
    this.#exchanges.push(exchange);
    if (this.#introduction.contains(this.shadowRoot.activeElement)) this.#log.focus(); // a starter, which goes
    this.#introduction.remove();
    this.#anew.hidden = false;
    this.#status.textContent = "";
    this.#log.append(exchange.element);
    this.#log.scrollTop = this.#log.scrollHeight;
    return exchange;
  }

  #show(exchange, event) {
    const last = event.name === "answered";
    // What comes below an answer does not push its first sentence out of sight.
    this.#following(() => exchange.show(event), last ? exchange.element.offsetTop : Infinity);
    if (!last) return;
    this.#status.textContent = "The answer is complete.";
    this.#tell("groundwire-answer", event.data.answer);
  }

  /** Change the log: a reader at its end stays there, one who reads further up is not moved. */
  #following(change, farthest = Infinity) {
    const log = this.#log;
    const atTheEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_THE_END;
    change();
    if (atTheEnd) log.scrollTop = Math.max(log.scrollTop, Math.min(log.scrollHeight, farthest));
  }

  #wantKey(exchange, address) {
    const signedIn = () => {
      this.#tell("groundwire-signed-in", null);
      this.#again(exchange);
      if (!onTouch()) this.#textbox.focus();
    };
    this.#waiting = exchange;
    this.#following(() => exchange.wantKey(signInForm(address, `key-${this.#asked}`, signedIn)));
    this.#tell("groundwire-error", { message: "The service wants a key.", status: 401 });
  }

  #ended(exchange, error, signal) {
    if (signal.aborted) {
      this.#following(() => exchange.stop(), exchange.element.offsetTop);
      this.#status.textContent = "Stopped.";
      return;
    }
    const known = error instanceof Unanswered;
    if (!known) reportError(error);
    const message = known ? error.message : "What the service sent cannot be shown.";
    this.#following(() => exchange.fail(message));
    this.#tell("groundwire-error", { message, ...(error.status && { status: error.status }) });
  }

  #busy(asking) {
    this.#asking = asking;
    this.#submit.textContent = asking ? "Stop" : "Ask";
    this.#submit.classList.toggle("stops", Boolean(asking));
    for (const retry of this.#log.querySelectorAll("[part=retry]")) retry.disabled = Boolean(asking);
  }

  #again(exchange) {
    this.#log.focus();
    this.#drop(exchange);
    this.#ask(exchange.question);
  }

  #drop(exchange) {
    this.#exchanges = this.#exchanges.filter((one) => one !== exchange);
    exchange.element.remove();
  }

  #begin() {
    this.#asking?.abort();
    this.#busy(null);
    this.#card.hide();
    this.#exchanges = [];
    this.#log.replaceChildren(this.#introduction);
    this.#anew.hidden = true;
    this.#textbox.focus();
  }

  async #copy(exchange) {
    const copied = await toClipboard(exchange.plainText, exchange.element);
    const told = copied ? "Copied" : "The browser does not let this page copy";
    this.#status.textContent = told;
    return told;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** Tell whether a keyboard stands on the screen, where the answer is to be read. */
function onTouch() {
  return matchMedia("(pointer: coarse)").matches;
}

/** Give the newest turns that the service takes; of the oldest of them perhaps only its beginning. */
function historyOf(exchanges) {
  let left = MOST_HISTORY;
  const newestFirst = exchanges.flatMap((exchange) => exchange.turns).slice(-MOST_TURNS).reverse();
  const kept = newestFirst.map(({ role, text }) => {
    const within = text.slice(0, left).toWellFormed(); // half a character is no JSON to the service
    left -= within.length;
    return { role, text: within };
  });
  return kept.filter((turn) => turn.text).reverse();
}
