import { Window } from 'happy-dom';
import assert from 'node:assert/strict';
import test from 'node:test';

import { answer, authorization, questions, sentences, sources, url } from '../checks/newsroom.mjs';
import { openWindow, until } from '../checks/window.mjs';

openWindow(Window);
const { createElement } = await import('react');
const { createRoot } = await import('react-dom/client');
const { AssistantRuntimeProvider, MessagePrimitive, ThreadPrimitive } = await import('@assistant-ui/react');
const { AssistantChatTransport, useChatRuntime } = await import('@assistant-ui/react-ai-sdk');
const { useDataStreamRuntime } = await import('@assistant-ui/react-data-stream');

const api = `${url}/api/chat`;
const transport = new AssistantChatTransport({ api, headers: authorization });
const RUNTIMES = {
  useChatRuntime: onError => useChatRuntime({ transport, onError }),
  useDataStreamRuntime: onError => useDataStreamRuntime({ api, headers: authorization, onError }),
};

const parts = {
  Text: ({ text }) => createElement('p', null, text),
  Source: part => createElement('a', { href: part.url }, part.title),
};
const Message = () => createElement('li', null, createElement(MessagePrimitive.Parts, { components: parts }));

for (const [name, useRuntime] of Object.entries(RUNTIMES)) {
  // A thread on a page, which is closed with the test.
  const opened = context => {
    const reader = { errors: [] };
    const Page = () => {
      reader.runtime = useRuntime(error => reader.errors.push(error.message));
      const thread = createElement(ThreadPrimitive.Messages, { components: { Message } });
      return createElement(AssistantRuntimeProvider, { runtime: reader.runtime }, thread);
    };
    reader.page = document.body.appendChild(document.createElement('ol'));
    const root = createRoot(reader.page);
    root.render(createElement(Page));
    context.after(() => root.unmount());
    reader.text = () => [...(reader.page.lastElementChild?.querySelectorAll('p') ?? [])].map(p => p.textContent).join('');
    reader.links = () => [...reader.page.lastElementChild.querySelectorAll('a')].map(a => a.getAttribute('href'));
    return reader;
  };

  const sends = async (reader, question) => {
    await until(() => reader.runtime, 'the page is there');
    reader.runtime.thread.append({ role: 'user', content: [{ type: 'text', text: question }] });
  };

  const asks = async (reader, question) => {
    const messages = () => reader.runtime?.thread.getState().messages ?? [];
    const before = messages().length;
    await sends(reader, question);
    const ended = () => messages().length === before + 2 && messages().at(-1).status.type !== 'running';
    await until(ended, 'the answer is whole');
    return messages().at(-1);
  };

  test(`${name}: the page shows the text and a link for each source`, async context => {
    const reader = opened(context);
    await asks(reader, questions.TWO_SOURCES);
    await until(() => reader.text() === answer, 'the text is on the page');
    assert.deepEqual(reader.links(), sources.map(source => source.url));
    assert.deepEqual(reader.errors, []);
  });

  test(`${name}: a follow-up is understood from the history that the page sends`, async context => {
    const reader = opened(context);
    await asks(reader, questions.TWO_SOURCES);
    await asks(reader, questions.FOLLOW_UP);
    await until(() => reader.text() === sentences[1].replace('[2]', '[1]'), 'the text is on the page');
    assert.deepEqual(reader.links(), [sources[1].url]);
  });

  test(`${name}: who stops keeps the sentences that had come`, async context => {
    const reader = opened(context);
    await sends(reader, questions.SLOW);
    await until(() => reader.text() === sentences[0], 'a sentence came');
    reader.runtime.thread.cancelRun();
    await until(() => !reader.runtime.thread.getState().isRunning, 'it stopped');
    assert.equal(reader.text(), sentences[0]);
  });

  test(`${name}: a model that breaks off is an error of the message, and what was sent stays`, async context => {
    const reader = opened(context);
    const last = await asks(reader, questions.CUT);
    assert.equal(last.status.reason, 'error');
    assert.match(last.status.error.message, /broke off/);
    assert.equal(reader.text(), sentences[0]);
  });

  // The other runtime does the same, and throws it once more where no test can catch it.
  if (name === 'useChatRuntime') test(`${name}: what is refused is told in a sentence`, async context => {
    const reader = opened(context);
    const last = await asks(reader, 'x'.repeat(3000));
    assert.match(last.status.error.message, /3,000 characters/);
    assert.match(reader.errors[0], /3,000 characters/);
  });
}
