// One question and what came of it: sentences with chips, or why there is no answer; a part of the conversation.

import { directionOf, element, quoted, words } from "./dom.js";
import { about, byline, placeOf, webAddress } from "./source.js";

const NEAREST = 3; // passages that are offered where there is no answer, each of another report
const EXCERPT = 280; // characters of such a passage
const MOST_DOTS = 5; // beside a sentence, one for each independent source

/** What a writer escapes so that Markdown shows it as it is: service/sentences.py, `escaped`. */
const ESCAPES = /\\(?=\[\s*\^?\d+(?:\s*(?:[,;&–-]|and)\s*\^?\d+)*\s*\]|<[a-zA-Z/!?])|(?<=!)\\(?=\[)/g;

/** What the articles differ in: service/types.py, `Matter`. */
const MATTERS = { number: "a number", date: "a date", speaker: "who said it", status: "how things stand" };

const UNSUPPORTED = " [unsupported]";

const COPY = "Copy with sources";
const COPIED = "[part=sentence], [part=abstention], [part=disagreement], [part=notice]";
const TOLD_FOR = 2000; // milliseconds that a button says what it did; chosen

/** A question, its answer as far as it has come, and their elements. */
export class Exchange {
  #address;
  #keyed;
  #card;
  #copy;
  #again;
  #hits = [];
  #sources = new Map();
  #citations = [];
  #status = element("p", { part: "status", dir: "auto" }, "Searching the articles");

  /**
   * @param {string} question
   * @param {object} chat
   * @param {URL} chat.address of the service
   * @param {boolean} chat.keyed whether it is asked with a key, which links have not
   * @param {import("./quote.js").QuoteCard} chat.card
   * @param {string} chat.id of the heading
   * @param {() => Promise<string>} chat.copy copies `plainText`, and gives what to say of it
   * @param {() => void} chat.again asks once more
   */
  constructor(question, { address, keyed, card, id, copy, again }) {
    this.question = question;
    /** The answer's text as far as it was shown. */
    this.text = "";
    this.#address = address;
    this.#keyed = keyed;
    this.#card = card;
    this.#copy = copy;
    this.#again = again;
    this.answer = element("div", { part: "answer" }, this.#status);
    const heading = words("h3", { part: "question", id }, question);
    this.element = element("article", { part: "exchange", "aria-labelledby": id }, heading, this.answer);
  }

  /** Give the turns that a later question refers to: what the reader has seen, and no more. */
  get turns() {
    const asked = { role: "user", text: this.question };
    return this.text ? [asked, { role: "assistant", text: this.text }] : [asked];
  }

  /** Show one event of the answer. */
  show({ name, data }) {
    if (name === "searched") this.#searched(data.hits);
    else if (name === "sentence") this.#append(data);
    else if (name === "answered") this.#finish(data.answer);
  }

  /** Say that the reader stopped it; what was shown stays. */
  stop() {
    const again = button("Ask again", { part: "retry" }, this.#again);
    this.#end(element("div", { part: "stopped" }, element("p", {}, "Stopped"), again), ...this.#sourceList());
  }

  /** Say why it failed; what was shown stays. */
  fail(message) {
    const again = button("Try again", { part: "retry" }, this.#again);
    const error = element("div", { part: "error", role: "alert" }, words("p", {}, message), again);
    this.#end(error, ...this.#sourceList());
  }

  /** Ask for a key, without which there is no answer. */
  wantKey(form) {
    this.#end(form);
    form.querySelector("input").focus();
  }

  /** Give the whole as plain text, with its sources: what is on the screen, so it must be there. */
  get plainText() {
    const shown = [...this.answer.querySelectorAll(COPIED)].map((one) => {
      const mark = one.dataset.verdict === "unsupported" ? " [not supported by the articles]" : "";
      return one.innerText.replaceAll("\u00a0", " ") + mark;
    });
    const sources = [...this.#sources.values()].map((source) => {
      const url = webAddress(source.url)?.href ?? this.#page(source);
      return [`[${source.number}] ${source.title}`, about(source), url].filter(Boolean).join("\n    ");
    });
    return [this.question, ...shown, ...(sources.length ? ["Sources", ...sources] : [])].join("\n\n") + "\n";
  }

  #searched(hits) {
    this.#hits = hits;
    this.#doing(hits.length === 1 ? "Reading 1 passage" : `Reading ${hits.length} passages`);
  }

  #append({ text, sentence, citations, new_sources: sources }) {
    for (const source of sources) this.#sources.set(source.number, source);
    this.#citations.push(...citations);
    this.text += text;

    const { verdict, independent_sources: independent } = sentence;
    const shown = words("p", { part: "sentence", "data-verdict": verdict }, wordsOf(sentence, citations));
    if (citations.length) shown.append("\u00a0", ...this.#chips(citations));
    const dots = independent ? "●".repeat(Math.min(independent, MOST_DOTS)) : null;
    const founded = element("bdi", {}, supportOf(sentence, citations));
    const support = element("p", { part: "support", "data-verdict": verdict, "data-dots": dots }, founded);
    this.#doing("Checking the next sentence");
    this.#status.before(shown, support);
    support.dir = directionOf(shown); // it stands where its sentence begins
  }

  #finish(answer) {
    if (answer.abstained) this.#abstain(answer.abstained.message);
    const disagreements = answer.disagreements.map((one) => this.#disagreement(one, answer));
    const empty = answer.corpus.articles ? [] : [{ kind: "empty", message: "There is no article here yet." }];
    const notices = [...empty, ...answer.notices].map(({ kind, message }) =>
      words("p", { part: "notice", "data-kind": kind }, message),
    );
    this.#end(...disagreements, ...notices, ...this.#sourceList(), ...(answer.answered ? [this.#copyButton()] : []));
  }

  #abstain(message) {
    this.text = message;
    const reports = Map.groupBy(this.#hits, ({ passage }) => passage.source.origin);
    const nearest = [...reports.values()].slice(0, NEAREST).map(([{ passage }]) => this.#passage(passage));
    this.answer.append(words("p", { part: "abstention" }, message));
    if (!nearest.length) return;
    const heading = element("h4", {}, "Nearest passages");
    this.answer.append(element("section", { part: "passages" }, heading, element("ul", {}, ...nearest)));
  }

  #passage(passage) {
    const link = { part: "passage", href: this.#place(passage.source, passage), ...NEW_TAB };
    const excerpt = passage.text.replace(/\s+/g, " ").trim();
    const cut = excerpt.length > EXCERPT ? `${excerpt.slice(0, EXCERPT).replace(/\s?\S*$/, "")}\u00a0…` : excerpt;
    return element("li", {}, words("a", link, passage.source.title), ...byline(passage.source), words("p", {}, cut));
  }

  /** Say what the articles differ in, and what each of them says: the newest first. */
  #disagreement({ kind, sentences, says, over_time: overTime }, answer) {
    const sides = sentences.map((index, side) => {
      const citation = answer.citations[answer.sentences[index].citations[0]];
      const source = this.#sources.get(citation.source);
      const said = words("span", { part: "side" }, quoted(says[side]));
      return element("li", {}, ...byline(source), said, " ", ...this.#chips([citation]));
    });
    const heading = element("p", { dir: "auto" }, `The articles disagree about ${MATTERS[kind]}`);
    if (overTime) heading.append("; each may have been right on its day");
    return element("section", { part: "disagreement" }, heading, element("ul", {}, ...sides));
  }

  /** Make a chip for each article that is cited; two quotes of one article share it. */
  #chips(citations) {
    const bySource = Map.groupBy(citations, (citation) => citation.source);
    return [...bySource].map(([number, cited]) => {
      const source = this.#sources.get(number);
      const name = [`Source ${number}: ${source.title}`, source.outlet].filter(Boolean).join(", ");
      const href = this.#place(source, cited[0]);
      const chip = element("a", { part: "chip", href, "aria-label": name, ...NEW_TAB }, `[${number}]`);
      this.#card.explain(chip, source, [...new Set(cited.map((citation) => citation.quote))]);
      return chip;
    });
  }

  #sourceList() {
    if (!this.#sources.size) return [];
    const items = [...this.#sources.values()].map((source) => {
      const own = webAddress(source.url);
      const link = { part: "original", href: own?.href, ...NEW_TAB };
      const original = own && element("a", link, `Original at ${own.hostname}`);
      const title = words("a", { href: this.#page(source), ...NEW_TAB }, source.title);
      return element("li", { value: source.number }, title, ...byline(source, original));
    });
    const heading = element("h4", {}, "Sources");
    return [element("section", {}, heading, element("ol", { part: "sources" }, ...items))];
  }

  /** Give where a source is read, with the first words highlighted that were cited from it. */
  #page(source) {
    return this.#place(source, this.#citations.find((citation) => citation.source === source.number));
  }

  #place(source, cited) {
    return placeOf(this.#address, source, cited, this.#keyed);
  }

  #copyButton() {
    const copy = button(COPY, { part: "copy" }, async () => {
      copy.textContent = await this.#copy();
      setTimeout(() => (copy.textContent = COPY), TOLD_FOR);
    });
    return copy;
  }

  #doing(what) {
    if (this.#status.textContent !== what) this.#status.textContent = what; // or it would be read out every time
  }

  #end(...last) {
    this.#status.remove();
    this.answer.append(...last);
  }
}

/**
 * Make a button that does something.
 *
 * @param {string} name
 * @param {import("./dom.js").Attributes} attributes
 * @param {() => void} action
 * @returns {HTMLButtonElement}
 */
export function button(name, attributes, action) {
  const made = element("button", { type: "button", ...attributes }, name);
  made.addEventListener("click", action);
  return made;
}

const NEW_TAB = { target: "_blank", rel: "noopener" };

/** Give a sentence's words: without the markers that the service put behind them, and without its escapes. */
function wordsOf(sentence, citations) {
  const numbers = new Set(citations.map((citation) => citation.source));
  const markers = citations.length ? ` ${[...numbers].map((number) => `[${number}]`).join("")}` : UNSUPPORTED;
  const marked = sentence.text.endsWith(markers);
  return (marked ? sentence.text.slice(0, -markers.length) : sentence.text).replace(ESCAPES, "");
}

/** Say how well founded a sentence is. */
function supportOf(sentence, citations) {
  if (sentence.verdict === "unsupported") return "Not supported by the articles";
  const articles = new Set(citations.map((citation) => citation.source)).size;
  const independent = sentence.independent_sources;
  const sources = independent === 1 ? "independent source" : "independent sources";
  if (articles > independent) return `${articles} articles, ${independent} ${sources}`;
  return independent === 1 ? "1 source" : `${independent} ${sources}`;
}
