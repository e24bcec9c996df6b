"""Somebody with a browser: opens pages, and sees all that goes wrong in them."""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request

PATIENCE = 20_000  # milliseconds for what a page is waited for; generous, for a machine that runs other suites beside
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
_OURS = re.compile(r"http://(127\.0\.0\.1|localhost):\d+/")


@dataclass
class Reader:
    """Somebody with a browser, who keeps an eye on it: what it asks for, and what goes wrong in it."""

    browser: Browser
    requests: list[Request] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Words of troubles that a test brings about."""
    _contexts: list[BrowserContext] = field(default_factory=list)

    async def opens(self, url: str, *, viewport: dict[str, int] = DESKTOP, **options: Any) -> Page:  # noqa: ANN401 - Playwright's own
        """Open a page in a browser profile of its own."""
        context = await self.browser.new_context(viewport=viewport, **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        context.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108 - it wants a function
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.troubles.append(f"error: {error.error}"))
        context.on("dialog", self._dismiss)
        await context.add_init_script(_WATCH)
        self._contexts.append(context)
        page = await context.new_page()
        await page.goto(url)
        return page

    @property
    def posted(self) -> list[dict[str, Any]]:
        """What was asked, in order."""
        return [one.post_data_json for one in self.requests if one.method == "POST" and one.post_data_json]

    async def leaves(self) -> None:
        """Close all that is open, and fail where anything went wrong."""
        for context in self._contexts:
            for page in context.pages:
                for frame in page.frames:
                    if await frame.evaluate("document.documentElement.dataset.pwned"):
                        self.troubles.append(f"a script of somebody else ran in {frame.url}")
            await context.close()
        self.troubles += [f"request: {one.url}" for one in self.requests if not _OURS.match(one.url)]
        unexpected = [one for one in self.troubles if not any(words in one for words in self.expected)]
        assert not unexpected, "\n".join(unexpected)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{message.type}: {message.text} ({message.page and message.page.url})")

    async def _dismiss(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        await dialog.dismiss()


_WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
window.heard = [];
for (const name of ["groundwire-answer", "groundwire-error"])
  document.addEventListener(name, (event) =>
    window.heard.push({ name, id: event.target.id, detail: structuredClone(event.detail) }));
"""
