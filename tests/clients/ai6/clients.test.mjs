import { createOpenAI } from '@ai-sdk/openai';
import * as ai from 'ai';
import * as first from 'ai-first';

import { checkProvider } from '../checks/provider.mjs';
import { checkTransport } from '../checks/transport.mjs';

checkTransport('ai 6', ai, { spans: 'passed over' });
checkTransport('ai 6.0.0', first, { spans: 'an error' });
checkProvider('@ai-sdk/openai 3', { createOpenAI, ...ai }, { failure: 'an error', citations: false });
