// A question goes out, and its events come in: POST /v1/answers as server-sent events.

/** @typedef {{role: "user" | "assistant", text: string}} Turn */

/** Why there is no answer, in words for who asked; the HTTP status where there is one. */
export class Unanswered extends Error {
  /**
   * @param {string} message
   * @param {number} [status]
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * Ask, and give each event as soon as it is read: `searched`, `sentence`…, and `answered` as the last.
 *
 * @param {{address: URL, key: string | null, question: string, history: Turn[], signal: AbortSignal}} asked
 * @returns {AsyncGenerator<{name: string, data: any}>}
 * @throws {Unanswered} the service cannot be reached, refuses, fails, or breaks off
 */
export async function* ask({ address, key, question, history, signal }) {
  const response = await post(address, key, { question, history, stream: true }, signal);
  if (!response.ok) throw new Unanswered(await wordsOf(response, Boolean(key)), response.status);
  if (!isOf(response, "text/event-stream")) throw new Unanswered(`What answers at ${address.href} is no groundwire.`);
  try {
    for await (const { name, data } of messages(response.body)) {
      signal.throwIfAborted(); // also between events that came at once
      const event = { name, data: JSON.parse(data) };
      if (name === "failed") throw new Unanswered(event.data.error.detail, event.data.error.status);
      yield event;
      if (name === "answered") return;
    }
  } catch (error) {
    if (signal.aborted || error instanceof Unanswered) throw error;
    throw new Unanswered("The connection was lost before the answer was complete.");
  }
  throw new Unanswered("The service broke off before the answer was complete.");
}

function post(address, key, body, signal) {
  return reach(new URL("v1/answers", address), {
    method: "POST",
    headers: {
      accept: "text/event-stream",
      "content-type": "application/json",
      ...(key && { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(body),
    signal,
  });
}

/**
 * Send a request; what a browser says of one that fails is nothing to a reader.
 *
 * @param {URL} url
 * @param {RequestInit} request
 * @returns {Promise<Response>}
 * @throws {Unanswered} the service cannot be reached
 */
export async function reach(url, request) {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (request.signal?.aborted) throw error;
    // A browser does not tell a page which of the two it was.
    const or = url.origin === location.origin ? "" : `, or does not allow pages of ${location.origin} to ask it`;
    throw new Unanswered(`The service at ${url.origin} cannot be reached${or}.`);
  }
}

/** Say to a reader why a question was refused; what is wrong with a page's key is for who runs the page. */
async function wordsOf(response, hasKey) {
  if (response.status === 401) {
    const key = hasKey ? "and does not take the one that this page has" : "and this page has none";
    return `The service wants a key, ${key}. Who runs the page can give it another.`;
  }
  if (response.status === 403) return `The key that is used here does not allow this. ${await detailOf(response)}`;
  if (response.status === 429) return `Too much is asked with this key just now. ${againIn(response) || "Try again later."}`;
  return detailOf(response);
}

/** Say when to ask again, where the service says it: RFC 9110, 10.2.3. */
function againIn(response) {
  const seconds = Number(response.headers.get("retry-after") || NaN);
  if (!(seconds >= 0)) return "";
  const [many, unit] = seconds < 120 ? [Math.max(1, Math.ceil(seconds)), "second"] : [Math.ceil(seconds / 60), "minute"];
  return `Try again in ${many} ${unit}${many === 1 ? "" : "s"}.`;
}

/**
 * Say why a request was refused: the problem's own words, where it is one (RFC 9457).
 *
 * @param {Response} response
 * @returns {Promise<string>}
 */
export async function detailOf(response) {
  const status = [response.status, response.statusText].join(" ").trim();
  const otherwise = `The service refused the question: ${status}. ${againIn(response)}`.trim();
  if (!isOf(response, "application/problem+json")) return otherwise;
  try {
    return (await response.json()).detail || otherwise;
  } catch {
    return otherwise; // cut off, and its status says enough
  }
}

function isOf(response, mediaType) {
  return (response.headers.get("content-type") ?? "").toLowerCase().startsWith(mediaType);
}

/**
 * Read server-sent events: https://html.spec.whatwg.org/#event-stream-interpretation. An EventSource cannot post.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<{name: string, data: string}>}
 */
export async function* messages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split(/\r\n\r\n|\n\n|\r\r/);
      text = blocks.pop();
      for (const block of blocks) {
        const message = messageOf(block);
        if (message.data) yield message;
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // it may have failed already, which is told above
  }
}

function messageOf(block) {
  const message = { name: "message", data: "" };
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, field, value] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (field === "event") message.name = value;
    if (field === "data") message.data += (message.data && "\n") + value;
  }
  return message;
}
