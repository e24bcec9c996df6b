// The AI SDK's OpenAI provider on a server of its own, which has our OpenAI routes as a model.
import assert from 'node:assert/strict';
import test from 'node:test';

import { answer, key, questions, readingKey, sentences, sources, url } from './newsroom.mjs';

const urls = sources.map(source => source.url);

// `failure` is what the generation makes of `response.failed`, `citations` whether it knows a text's spans.
export function checkProvider(name, { createOpenAI, generateText, streamText }, { failure, citations }) {
  const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
  const refused = { maxRetries: 0 };

  for (const kind of ['chat', 'responses']) {
    const model = openai[kind]('groundwire');
    const called = `${name}, openai.${kind}()`;

    test(`${called}: streamText has the text, and the sources in the order of their markers`, async () => {
      const result = streamText({ model, prompt: questions.TWO_SOURCES });
      const pieces = [];
      for await (const piece of result.textStream) pieces.push(piece);
      assert.equal(pieces.join(''), answer);
      assert.ok(pieces.length > 1);
      assert.deepEqual((await result.sources).map(source => source.url), urls);
      assert.deepEqual((await result.sources).map(source => source.title), sources.map(source => source.title));
      assert.equal(await result.finishReason, 'stop');
      assert.equal((await result.usage).totalTokens, 110);
    });

    test(`${called}: generateText has the same`, async () => {
      const result = await generateText({ model, prompt: questions.TWO_SOURCES });
      assert.equal(result.text, answer);
      assert.deepEqual(result.sources.map(source => source.url), urls);
      assert.equal(result.finishReason, 'stop');
      assert.equal(result.usage.totalTokens, 110);
    });

    test(`${called}: a conversation keeps its thread`, async () => {
      const messages = [
        { role: 'user', content: questions.TWO_SOURCES },
        { role: 'assistant', content: answer },
        { role: 'user', content: questions.FOLLOW_UP },
      ];
      const result = await generateText({ model, messages });
      assert.equal(result.text, sentences[1].replace('[2]', '[1]'));
      assert.deepEqual(result.sources.map(source => source.url), [urls[1]]);
    });

    test(`${called}: an abstention is a sentence without sources`, async () => {
      const result = await generateText({ model, prompt: questions.NOTHING });
      assert.equal(result.text, 'The articles say nothing about this.');
      assert.deepEqual(result.sources, []);
    });

    test(`${called}: a model that breaks off is an error, after what was sent`, async () => {
      const parts = [];
      const result = streamText({ model, prompt: questions.CUT, onError: () => {}, ...refused });
      for await (const part of result.fullStream) parts.push(part);
      const said = parts.filter(part => part.type === 'text-delta').map(part => part.text).join('');
      assert.equal(said, sentences[0]);
      if (kind === 'responses' && failure === 'no end') return assert.equal(await result.finishReason, 'unknown');
      assert.match(JSON.stringify(parts.find(part => part.type === 'error')), /broke off/);
    });

    test(`${called}: a model that there is not is refused by name`, async () => {
      const wrong = generateText({ model: openai[kind]('gpt-none'), prompt: 'Why?', ...refused });
      await assert.rejects(wrong, { statusCode: 404, message: /gpt-none/ });
    });

    test(`${called}: a key that is none, or may not ask, is refused with the reason`, async () => {
      for (const [apiKey, statusCode, message] of [['gw_none', 401, /none of this service/], [readingKey, 403, /'ask'/]]) {
        const model = createOpenAI({ baseURL: `${url}/v1`, apiKey })[kind]('groundwire');
        await assert.rejects(generateText({ model, prompt: 'Who?', ...refused }), { statusCode, message });
      }
    });

    if (kind === 'responses' && citations) test(`${called}: a citation's span is its marker, in code points`, async () => {
      const { content } = await generateText({ model, prompt: questions.TWO_SOURCES });
      const [text] = content.filter(part => part.type === 'text');
      // As Python counts, not JavaScript: these are OpenAI's numbers, and its own client is one of Python's.
      const spans = text.citations.map(one => [...text.text].slice(one.startIndex, one.endIndex).join(''));
      assert.deepEqual(spans, ['[1]', '[2]']);
      assert.deepEqual(text.citations.map(one => one.source.url), urls);
    });
  }
}
