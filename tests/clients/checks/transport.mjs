// The AI SDK's transport and reader, without a frontend: what each release makes of POST /api/chat.
import assert from 'node:assert/strict';
import test from 'node:test';

import { answer, authorization, holdsTheAnswer, partsOf, questions, quotes, readingKey, sentences, sources, textOf, url } from './newsroom.mjs';

export function checkTransport(name, { DefaultChatTransport, readUIMessageStream }, { spans }) {
  const sent = (question, { headers, abortSignal } = {}) =>
    new DefaultChatTransport({ api: `${url}/api/chat`, headers: { ...authorization, ...headers } }).sendMessages({
      chatId: 'a chat',
      messages: [{ id: 'u1', role: 'user', parts: [{ type: 'text', text: question }] }],
      trigger: 'submit-message',
      messageId: undefined,
      abortSignal,
    });

  // Every state of the message as it grows, and the errors that the reader met.
  const asked = async (question, options) => {
    const stream = await sent(question, options);
    const errors = [];
    const states = [];
    for await (const state of readUIMessageStream({ stream, onError: error => errors.push(error) })) states.push(state);
    return { message: states.at(-1), states, errors };
  };

  test(`${name}: text, sources and citations arrive`, async () => {
    const { message, errors } = await asked(questions.TWO_SOURCES);
    assert.deepEqual(errors, []);
    holdsTheAnswer(message);
    assert.equal(message.role, 'assistant');
    assert.match(message.id, /^msg_/);
  });

  test(`${name}: the text grows by sentences, each after the sources and quotes that it cites`, async () => {
    const { states } = await asked(questions.TWO_SOURCES);
    assert.deepEqual([...new Set(states.map(textOf))], ['', sentences[0], answer]);
    for (const state of states) {
      const shown = [...textOf(state).matchAll(/\[(\d)\]/g)].map(([, number]) => number);
      const known = partsOf(state, 'source-url').map(part => part.sourceId);
      const quoted = partsOf(state, 'data-citations').flatMap(part => part.data).map(one => one.sourceId);
      for (const number of shown) assert.ok(known.includes(number) && quoted.includes(number));
    }
  });

  test(`${name}: an abstention is a sentence without sources`, async () => {
    const { message, errors } = await asked(questions.NOTHING);
    assert.deepEqual(errors, []);
    assert.equal(textOf(message), 'The articles say nothing about this.');
    assert.deepEqual(partsOf(message, 'source-url'), []);
    assert.equal(message.metadata.abstained, 'nothing_relevant');
  });

  test(`${name}: a model that breaks off is an error, and what was sent stands`, async () => {
    const { message, errors } = await asked(questions.CUT);
    assert.equal(errors.length, 1);
    assert.match(errors[0].message, /broke off/);
    assert.equal(textOf(message), sentences[0]);
  });

  test(`${name}: what is refused before the stream is an error with the reason`, async () => {
    await assert.rejects(asked('x'.repeat(3000)), /3,000 characters/);
  });

  test(`${name}: a key that is none, or may not ask, is an error with the reason`, async () => {
    const withKey = key => asked(questions.TWO_SOURCES, { headers: { Authorization: `Bearer ${key}` } });
    await assert.rejects(withKey('gw_none'), { message: "The key is none of this service's." });
    await assert.rejects(withKey(readingKey), /needs the scope 'ask'/);
  });

  test(`${name}: who aborts keeps what had arrived, and the service leaves the model (run.py looks)`, async () => {
    const leaving = new AbortController();
    const stream = await sent(questions.SLOW, { abortSignal: leaving.signal });
    let text = '';
    await assert.rejects(async () => {
      for await (const chunk of stream) {
        if (chunk.type === 'text-delta') {
          text += chunk.delta;
          leaving.abort();
        }
      }
    }, { name: 'AbortError' });
    assert.equal(text, sentences[0]);
  });

  test(`${name}: there is no stream to resume`, async () => {
    const transport = new DefaultChatTransport({ api: `${url}/api/chat`, headers: authorization });
    assert.equal(await transport.reconnectToStream({ chatId: 'a chat' }), null);
  });

  test(`${name}: spans, if asked for, are ${spans}`, async () => {
    const { message, errors } = await asked(questions.TWO_SOURCES, { headers: { 'X-Groundwire-Extras': 'spans' } });
    if (spans === 'an error') return assert.match(errors[0].message, /Type validation failed/);
    assert.deepEqual(errors, []);
    holdsTheAnswer(message);
    const { citations } = partsOf(message, 'text')[0];
    if (spans === 'passed over') return assert.equal(citations, undefined);
    assert.deepEqual(citations.map(one => answer.slice(one.startIndex, one.endIndex)), sentences);
    assert.deepEqual(citations.map(one => one.source.url), sources.map(one => one.url));
    assert.deepEqual(citations.map(one => one.citedText), quotes);
  });
}
