"""From the arrival of a sentence in the page to its paint, in Debian's Chromium.

    python benchmarks/page.py [--answers 6] [--sentences 10] [--every 0.1]

The page of service/web asks a server that sends sentences at a fixed pace. A sentence has arrived when the page can
read the bytes of its event, before any of our code does; it is painted when the frame after its element's insertion
has been. Milliseconds; a frame is 16.7 of them.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.site import Events, File, Site  # noqa: E402 - the repository is on the path from here on

WEB = ROOT / "service" / "web"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
WARM_UP = 2  # sentences of the first answer, at which the browser compiles the scripts
# The bytes of each event pass by here on their way to the page's own code.
WATCH = """
window.arrived = [];
window.painted = [];
const fetched = window.fetch;
window.fetch = async (...request) => {
  const response = await fetched(...request);
  const decoder = new TextDecoder();
  const watched = new TransformStream({
    transform(chunk, controller) {
      const events = decoder.decode(chunk, { stream: true }).split("event: sentence").length - 1;
      for (let event = 0; event < events; event++) window.arrived.push(performance.now());
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(watched), response);
};
window.watchPaints = () => {
  const after = new MessageChannel(); // its task runs when the frame is done
  after.port1.onmessage = ({ data }) => {
    while (window.painted.length < data) window.painted.push(performance.now());
  };
  const { shadowRoot } = document.querySelector("groundwire-chat");
  new MutationObserver(() => {
    const shown = shadowRoot.querySelectorAll("[part=sentence]").length;
    if (shown > window.painted.length) requestAnimationFrame(() => after.port2.postMessage(shown));
  }).observe(shadowRoot, { childList: true, subtree: true });
};
"""


def sentences(count: int) -> list[tuple[str, object]]:
    """Make the events of an answer whose sentences cite an article each."""
    article = {
        "version": "1",
        "outlet": "The Desk",
        "url": "https://desk.example/",
        "published": "2026-03-02T00:00:00Z",
    }
    events: list[tuple[str, object]] = [("searched", {"hits": []})]
    for number in range(1, count + 1):
        text = f"Sentence {number} says as much as a sentence of the news does, with 31 drones in it. [{number}]"
        named = {"number": number, "article_id": f"a{number}", "title": f"Article {number}", "origin": f"a{number}"}
        cited = {"source": number, "passage_id": "a@1#0", "quote": text, "start": 0, "end": 9, "support": 1.0}
        said = {"text": text, "start": 0, "end": 9, "verdict": "supported", "citations": [0], "independent_sources": 1}
        ready: dict[str, object] = {
            "text": f" {text}",
            "sentence": said | {"reasons": []},
            "citations": [cited | {"answer_start": 0, "answer_end": 9}],
            "new_sources": [article | named | {"credits": []}],
        }
        events.append(("sentence", ready))
    return events


async def measure(page: Page, site: Site, answers: int, count: int, every: float) -> list[float]:
    """Ask again and again in one conversation; give the delay of each sentence."""
    sent = sentences(count)
    answer = {"answered": True, "text": "", "abstained": None, "sentences": [], "citations": [], "sources": []}
    last = (
        "answered",
        {"answer": answer | {"disagreements": [], "notices": [], "corpus": {"articles": 3, "fingerprint": "f"}}},
    )
    paced: list[Any] = [one for event in sent for one in (event, every)]
    site.answer = Events([*paced, last])
    for number in range(1, answers + 1):
        await page.get_by_role("textbox", name="Question").fill(f"Question {number}?")
        await page.keyboard.press("Enter")
        await page.wait_for_function("(count) => painted.length === count", arg=number * count)
        await page.get_by_role("button", name="Ask", exact=True).wait_for()
    arrived, painted = await page.evaluate("[arrived, painted]")
    return [after - before for before, after in zip(arrived, painted, strict=True)][WARM_UP:]


async def main(given: argparse.Namespace) -> None:
    """Measure, and print a line."""
    async with async_playwright() as playwright, Site().serving() as site:
        paths = {"/": WEB / "index.html", "/widget.js": WEB / "widget.js"}
        paths |= {f"/web/{path.name}": path for path in sorted((WEB / "modules").iterdir())}
        site.files = {at: File(path.read_text(encoding="utf-8"), TYPES[path.suffix]) for at, path in paths.items()}
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page()
        await page.add_init_script(WATCH)
        await page.goto(site.url)
        await page.evaluate("customElements.whenDefined('groundwire-chat').then(watchPaints)")
        delays = sorted(await measure(page, site, given.answers, given.sentences, given.every))
        await browser.close()
    cuts = statistics.quantiles(delays, n=100, method="inclusive")
    print(f"{len(delays)} sentences: p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, most {delays[-1]:.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=6)
    parser.add_argument("--sentences", type=int, default=10)
    parser.add_argument("--every", type=float, default=0.1, help="seconds between two sentences")
    asyncio.run(main(parser.parse_args()))
