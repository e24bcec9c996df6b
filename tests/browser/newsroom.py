"""The articles of the browser tests, and what the model says of them: what a page has to show well, and attacks."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.model_server import Asked, ModelServer, Reply
from tests.processes import groundwire, is_known

PATIENCE = 20  # seconds; generous, for a machine that runs other suites beside

PWNED = "document.documentElement.dataset.pwned='yes'"
"""A script that leaves a trace wherever it runs; nothing of an article or a model may ever run it."""

LONG_WORD = "Dampfschiff" * 18 + "ab"
"""A word of 200 characters."""

_FILLER = "\n\n".join(
    f"In week {week} the harbour board of Port Lamar heard reports on dredging, on berth {week} and on the tides there."
    for week in range(1, 41)
)

# Each is the front matter of a file and its text; the name of the file is the article's id unless it has another.
ARTICLES: dict[str, tuple[Mapping[str, object], str]] = {
    # Two reports of one fact, and a copy of the first.
    "ferry-times": (
        {"title": "Port Lamar's new ferry enters service", "outlet": "Harbour Times", "published": "2026-03-02"}
        | {"url": "https://harbour-times.example/ferry", "credits": ["PTI"]},
        "The new ferry Aurora carries 320 passengers, the harbour board said on Monday.\n\n"
        "She replaces the Borealis, which sailed for 41 years between Port Lamar and the islands of the bay. "
        "Captain Ines Holm said that the crossing would take 50 minutes in all weathers.\n\n"
        "Tickets cost 12 crowns, and children under six travel free of charge on every crossing of the day.\n",
    ),
    "ferry-post": (
        {"title": "Islanders cheer as Aurora docks", "outlet": "The Coast Post", "published": "2026-03-03"},
        "Hundreds of islanders stood on the quay this morning.\n\n"
        "The ferry Aurora carries 320 passengers and is the largest that the bay has seen. "
        "The mayor, Tove Lind, cut a ribbon and a very large cake.\n",
    ),
    "ferry-copy": (
        {"title": "New ferry enters service in Port Lamar", "outlet": "Islands Daily", "published": "2026-03-02"}
        | {"credits": ["PTI"]},
        "The new ferry Aurora carries 320 passengers, the harbour board said on Monday.\n\n"
        "She replaces the Borealis, which sailed for 41 years between Port Lamar and the islands of the bay. "
        "Captain Ines Holm said that the crossing would take 50 minutes in all weathers.\n\n"
        "Tickets cost 12 crowns, and children under six travel free of charge on every crossing of the day.\n",
    ),
    # Two articles that differ.
    "layoffs-dispatch": (
        {"title": "Valmont to shed jobs", "outlet": "Business Dispatch", "published": "2026-03-12"},
        "Carmaker Valmont will cut 1,800 jobs at its plant in Marlow, it said on Thursday.\n",
    ),
    "layoffs-news": (
        {"title": "Blow for Marlow as Valmont retrenches", "outlet": "Prairie News", "published": "2026-03-12"},
        "Valmont is to cut 2,400 jobs in Marlow, where it has built cars since 1961.\n",
    ),
    # One that is old, and one with its fact in the middle of much else.
    "library": (
        {"title": "Oster's library reopens", "outlet": "Oster Gazette", "published": "2019-05-06"},
        "The public library of Oster reopened on Monday after a renovation that took three years.\n",
    ),
    "reports/harbour board, minutes?": (
        {"title": "A year of the harbour board", "outlet": "Harbour Times", "published": "2025-12-30"}
        | {"id": "reports/harbour board, minutes?"},
        f"{_FILLER}\n\nThe harbour board sold the old lighthouse of Skerry to a retired cellist.\n\n{_FILLER}\n",
    ),
    # What would be code, markup or a link where it is taken for more than words.
    "hostile": (
        {
            "title": f'<img src="x" onerror="{PWNED}">Zorblatt comet</title></script><script>{PWNED}</script>',
            "outlet": f"\"><svg onload=\"{PWNED}\"> ' onfocus='{PWNED}' [x](javascript:alert(1))",
            "url": f"https://comet.example/'\"><script>{PWNED}</script>",
            "published": "2026-02-01",
            "credits": [f"<script>{PWNED}</script>"],
        },
        f'The Zorblatt comet <img src="https://evil.example/pixel.png" onerror="{PWNED}"> passes Earth on 9 April.\n\n'
        f"</script><script>{PWNED}</script> The Zorblatt comet is <b>7 km</b> wide.\n\n"
        "![pixel](https://evil.example/pixel.png) [click](javascript:alert(1)) {{ 7 * 7 }} ${7 * 7} &lt;b&gt; &amp;\n\n"
        "On Mount Ilse 12 astronomers photographed the Zorblatt comet.\n",
    ),
    "hostile-data": (
        {
            "title": f"Zorblatt comet seen <iframe srcdoc='<script>parent.{PWNED}</script>'>",
            "outlet": "Sky\u202edliaM\u202c Weekly",
            "url": f"https://data.example/?<svg/onload={PWNED}>",
            "published": "2026-02-02",
        },
        "In Cape Tern 46 pupils saw the Zorblatt comet, their teacher said.\n",
    ),
    # Other scripts, the other direction, and a word without end.
    "arabic": (
        {"title": "افتتاح جسر جديد في مدينة الميناء", "outlet": "صحيفة الساحل", "published": "2026-01-15"},
        "افتتحت المدينة جسر النورس الجديد يوم الخميس.\n\n"
        "يبلغ طول جسر النورس 640 متراً، وقال المهندس (سامي) إن 12 شركة شاركت.\n",
    ),
    "hebrew": (
        {"title": "הגשר החדש נפתח", "outlet": "עיתון החוף", "published": "2026-01-16"},
        "גשר השחף החדש נפתח ביום חמישי, ואורכו 640 מטרים.\n",
    ),
    "chinese": (
        {"title": "新图书馆开放", "outlet": "海岸日报", "published": "2026-01-17"},
        "新图书馆星期一向公众开放，馆内有三十万册图书。图书馆共有六层。\n",
    ),
    "long-word": (
        {"title": f"Steamer {LONG_WORD} sails", "outlet": "Wörterblatt", "published": "2026-01-18"},
        f"The steamer {LONG_WORD} has 14 cabins, said its owner.\n",
    ),
}


def write_articles(folder: Path) -> None:
    """Lay the articles out as files."""
    for name, (fields, text) in ARTICLES.items():
        path = folder / f"{name.split('/')[-1]}.md"
        path.write_text(f"---\n{yaml.safe_dump(dict(fields), allow_unicode=True)}---\n{text}", encoding="utf-8")


TWO_SAY = "How many passengers fit on the Aurora?"
HALF_PROVED = "Who cut the ribbon for the Aurora?"
SLOW = "How long does the Aurora's crossing take?"
BREAKS_OFF = "Which ship does the Aurora replace?"
FAILS = "What do tickets for the Aurora cost?"
FOLLOWS, STANDS_ALONE = "And who is its captain?", "Who is the captain of the Aurora?"
ATTACKS = "How many pupils saw the Zorblatt comet from Cape Tern?"

REPLIES: dict[str, Reply] = {
    # To the request that rewrites it; then to the question itself.
    FOLLOWS: Reply([STANDS_ALONE]),
    STANDS_ALONE: Reply(["Her captain is Ines Holm. [1]"]),
    TWO_SAY: Reply(["The Aurora carries 320 passengers. [1][2][3]"]),
    HALF_PROVED: Reply(["The mayor, Tove Lind, cut a ribbon. [1] ", "The king of Norway danced on the quay. [1]"]),
    # Its first sentence is whole once another has begun; then it is silent until somebody leaves.
    SLOW: Reply(["The crossing would take 50 minutes in all weathers. [1] ", "She replaces "], end="hang"),
    BREAKS_OFF: Reply(["The Aurora replaces the Borealis. [1] ", "She sailed "], end="cut"),
    FAILS: Reply(["out of order"], status=500),
    ATTACKS: Reply(
        [
            "In Cape Tern 46 pupils saw the Zorblatt comet. [1] ",
            f"<img src=x onerror={PWNED}> The comet is <script>{PWNED}</script> green. [1] ",
            "The comet sings [1](javascript:alert(1)) and ![dances](https://evil.example/p.png) daily. ",
            "See [the comet](https://evil.example/) now. ",
            "The comet is **bold** and `code` and [unsupported] [99] in all the world. ",
        ]
    ),
}


def reply_to(asked: Asked) -> Reply:
    """Say what the model says to the question in a request, which comes last; of any other it knows nothing."""
    said = str(asked.body["messages"][-1]["content"])
    known = [question for question in REPLIES if question in said]
    return REPLIES[max(known, key=said.rindex)] if known else Reply(["The passages do not say."])


@dataclass
class Modelled:
    """A service whose model is scripted (REPLIES); it marks what nothing proves, and no other site may ask."""

    address: str
    model: ModelServer

    @asynccontextmanager
    async def left(self) -> AsyncIterator[None]:
        """Wait at the block's end until the model has been left in the middle of its reply."""
        self.model.left.clear()
        yield
        async with asyncio.timeout(PATIENCE):
            await self.model.left.wait()


@dataclass
class Keyed:
    """A service that wants a key."""

    env: Mapping[str, str]
    log: Path
    address: str = ""

    @property
    def served(self) -> list[str]:
        """Give the requests so far and their statuses, from its log, without those for files and preflights."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        said = [line.partition("groundwire.http: ")[2].split()[:3] for line in lines]
        return [" ".join(one) for one in said if one and one[0] != "OPTIONS" and not one[1].startswith("/web/")]

    def key(self, name: str, *options: str) -> str:
        """Make a key that the service knows."""
        made = groundwire("keys", "create", name, *options, "--json", env=self.env)
        assert made.returncode == 0, made.stderr
        token: str = json.loads(made.stdout)["key"]
        if self.address:
            is_known(token, self.address)
        return token

    def revoke(self, name: str, token: str) -> None:
        """Let a key count no more."""
        revoked = groundwire("keys", "revoke", name, env=self.env)
        assert revoked.returncode == 0, revoked.stderr
        is_known(token, self.address, known=False)
