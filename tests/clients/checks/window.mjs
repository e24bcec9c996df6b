// A page without a browser, for frontends that render themselves.
import assert from 'node:assert/strict';

import { url } from './newsroom.mjs';

// React looks for it when it is imported; requests go out through Node, as they are.
export function openWindow(Window) {
  const window = new Window({ url });
  Object.assign(globalThis, { window, document: window.document });
}

export async function until(holds, what) {
  for (const deadline = Date.now() + 10_000; !holds(); await new Promise(done => setTimeout(done, 5)))
    assert.ok(Date.now() < deadline, `not in 10 s: ${what}`);
}
