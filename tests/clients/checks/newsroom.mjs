// What the service has and says, told by run.py; and what every answer must hold to, whichever client read it.
import assert from 'node:assert/strict';

export const { url, key, readingKey, questions, standsAlone, sentences, quotes, sources } = JSON.parse(process.env.NEWSROOM);
export const authorization = { Authorization: `Bearer ${key}` };
export const answer = sentences.join(' ');

export const textOf = message => message.parts.filter(part => part.type === 'text').map(part => part.text).join('');

export const partsOf = (message, type) => message.parts.filter(part => part.type === type);

// The answer to questions.TWO_SOURCES as a message of the AI SDK.
export function holdsTheAnswer(message) {
  assert.equal(textOf(message), answer);
  assert.equal(partsOf(message, 'text').length, 1);
  assert.equal(partsOf(message, 'text')[0].state, 'done');
  const shown = partsOf(message, 'source-url').map(({ sourceId, url, title }) => ({ sourceId, url, title }));
  assert.deepEqual(shown, sources);
  const [citations, ...more] = partsOf(message, 'data-citations');
  assert.deepEqual(more, []);
  assert.deepEqual(citations.data.map(one => [one.n, one.sourceId]), [[1, '1'], [2, '2']]);
  assert.deepEqual(citations.data.map(one => answer.slice(one.start, one.end)), sentences);
  assert.deepEqual(citations.data.map(one => one.quote), quotes);
  assert.equal(message.metadata.usage.totalTokens, 110);
  assert.match(message.metadata.answerId, /^ans_/);
}
