// useChat as a page has it: a component that React renders, and a reader who sends, stops and asks again.
import assert from 'node:assert/strict';
import test from 'node:test';

import { authorization, holdsTheAnswer, partsOf, questions, quotes, sentences, sources, standsAlone, textOf, url } from './newsroom.mjs';
import { until } from './window.mjs';

export function checkUseChat(name, { createElement, createRoot, useChat, DefaultChatTransport }) {
  const shown = part => {
    if (part.type === 'text') return createElement('p', { key: 'text' }, part.text);
    if (part.type === 'source-url') return createElement('a', { key: part.sourceId, href: part.url }, part.title);
    if (part.type === 'data-citations') return part.data.map(one => createElement('q', { key: one.n }, one.quote));
    return null;
  };

  // A chat on a page, which is closed with the test; `chat` is what its last rendering had.
  const opened = context => {
    const reader = { errors: [] };
    const transport = new DefaultChatTransport({ api: `${url}/api/chat`, headers: authorization });
    const Chat = () => {
      reader.chat = useChat({ transport, onError: error => reader.errors.push(error) });
      return reader.chat.messages.map(message => createElement('li', { key: message.id }, message.parts.map(shown)));
    };
    reader.page = document.body.appendChild(document.createElement('ol'));
    const root = createRoot(reader.page);
    root.render(createElement(Chat));
    context.after(() => root.unmount());
    return reader;
  };

  const asks = async (reader, text) => {
    await until(() => reader.chat, 'the page is there');
    await reader.chat.sendMessage({ text });
    await until(() => ['ready', 'error'].includes(reader.chat.status), 'the answer is whole');
    return reader.chat.messages.at(-1);
  };

  test(`${name}: the page shows the text, a link for each source and the quotes`, async context => {
    const reader = opened(context);
    const message = await asks(reader, questions.TWO_SOURCES);
    holdsTheAnswer(message);
    const answered = () => reader.page.lastElementChild;
    await until(() => answered().querySelector('p')?.textContent === sentences.join(' '), 'the text is on the page');
    const links = [...answered().querySelectorAll('a')];
    assert.deepEqual(links.map(link => link.getAttribute('href')), sources.map(source => source.url));
    assert.deepEqual(links.map(link => link.textContent), sources.map(source => source.title));
    assert.deepEqual([...answered().querySelectorAll('q')].map(quote => quote.textContent), quotes);
    assert.deepEqual(reader.errors, []);
  });

  test(`${name}: a follow-up is understood from the history that the page sends`, async context => {
    const reader = opened(context);
    await asks(reader, questions.TWO_SOURCES);
    const message = await asks(reader, questions.FOLLOW_UP);
    assert.equal(reader.chat.messages.length, 4);
    assert.equal(textOf(message), sentences[1].replace('[2]', '[1]'));
    assert.equal(partsOf(message, 'source-url')[0].url, sources[1].url);
    const [notices] = partsOf(message, 'data-notices');
    assert.deepEqual(notices.data, [{ kind: 'read_as', message: `Read as: ${standsAlone}` }]);
  });

  test(`${name}: who stops keeps the sentences that had come, and can ask on`, async context => {
    const reader = opened(context);
    await until(() => reader.chat, 'the page is there');
    const sent = reader.chat.sendMessage({ text: questions.SLOW });
    await until(() => reader.page.querySelector('li:last-child p')?.textContent === sentences[0], 'a sentence came');
    assert.equal(reader.chat.status, 'streaming');
    await reader.chat.stop();
    await sent;
    await until(() => reader.chat.status === 'ready', 'it stopped');
    assert.equal(textOf(reader.chat.messages.at(-1)), sentences[0]);
    assert.deepEqual(reader.errors, []);
    holdsTheAnswer(await asks(reader, questions.TWO_SOURCES));
  });

  test(`${name}: a model that breaks off is told to onError, and what was sent stays on the page`, async context => {
    const reader = opened(context);
    const message = await asks(reader, questions.CUT);
    await until(() => reader.chat.status === 'error', 'the page knows it');
    assert.deepEqual(reader.errors, [reader.chat.error]);
    assert.match(reader.chat.error.message, /broke off/);
    assert.equal(textOf(message), sentences[0]);
    assert.equal(reader.page.querySelector('li:last-child p').textContent, sentences[0]);
  });

  test(`${name}: what is refused is told to onError in a sentence`, async context => {
    const reader = opened(context);
    await asks(reader, 'x'.repeat(3000));
    await until(() => reader.chat.status === 'error', 'the page knows it');
    assert.match(reader.errors[0].message, /3,000 characters/);
    assert.doesNotMatch(reader.errors[0].message, /[{}]/);
  });

  test(`${name}: an answer can be written anew`, async context => {
    const reader = opened(context);
    const { id } = await asks(reader, questions.TWO_SOURCES);
    await reader.chat.regenerate();
    await until(() => reader.chat.status === 'ready' && reader.chat.messages.at(-1).id !== id, 'it is written anew');
    assert.equal(reader.chat.messages.length, 2);
    holdsTheAnswer(reader.chat.messages.at(-1));
  });

  test(`${name}: a page that comes back finds nothing to resume, and no error`, async context => {
    const reader = opened(context);
    await until(() => reader.chat, 'the page is there');
    await reader.chat.resumeStream();
    await until(() => reader.chat.status === 'ready', 'it is ready');
    assert.deepEqual([reader.chat.messages, reader.errors], [[], []]);
  });
}
