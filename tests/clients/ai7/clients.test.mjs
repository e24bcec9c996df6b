import { createOpenAI } from '@ai-sdk/openai';
import * as ai from 'ai';
import * as first from 'ai-first';
import { Window } from 'happy-dom';

import { checkProvider } from '../checks/provider.mjs';
import { checkTransport } from '../checks/transport.mjs';
import { checkUseChat } from '../checks/use_chat.mjs';
import { openWindow } from '../checks/window.mjs';

openWindow(Window);
const { useChat } = await import('@ai-sdk/react');
const { createElement } = await import('react');
const { createRoot } = await import('react-dom/client');

checkTransport('ai 7', ai, { spans: 'read' });
checkTransport('ai 7.0.0', first, { spans: 'an error' });
checkUseChat('@ai-sdk/react 4', { createElement, createRoot, useChat, ...ai });
checkProvider('@ai-sdk/openai 4', { createOpenAI, ...ai }, { failure: 'an error', citations: true });
