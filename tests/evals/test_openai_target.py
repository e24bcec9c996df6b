"""Endpoints that speak OpenAI's chat completions, asked over a real socket: ours, and one that speaks as peers do."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.addresses import Articles, Named
from evals.cases import Case
from evals.errors import EvalError, TargetFailed
from evals.judging import Judgement, judge
from evals.metrics import measure
from evals.openai_target import OpenAITarget, open_openai
from evals.opening import open_target
from evals.replies import Reply
from evals.sourced import Annotation, cut_list, sourced
from retrieval.types import Scope, make_article
from service.answering import MESSAGES
from service.http.chat import SOURCES_HEADING
from service.http.links import with_text_fragment
from service.settings import Settings
from service.types import Turn
from tests.processes import ROOT, environment, free_port, groundwire, serving

TEXT = "India plans to buy 31 drones.\nThe price is\nnot known. It will be fixed by December 2023.\n"
DRONES = make_article(article_id="desk/drones", title="Drones", text=TEXT, url="https://news.example/2023/drones/")
COPY = make_article(article_id="copy", title="Drones", text=TEXT, url="https://copy.example/a?id=7")
STUDENTS = make_article(article_id="students", title="The students", text="Many study abroad.\n")
ARTICLES = Articles([DRONES, COPY, STUDENTS])

HOW_MANY = Case(
    id="drones",
    question="How many drones does India buy?",
    history=(Turn(role="user", text="Who buys?"), Turn(role="assistant", text="India.")),
    answered=True,
    facts=(("31",),),
    articles=("desk/drones",),
)
URL = "https://news.example/2023/drones"


Body = bytes | str | Mapping[str, Any]


class Endpoint(NamedTuple):
    """What a peer said to each question, and what it was asked."""

    address: str
    asked: list[tuple[Mapping[str, str], Any]]


@asynccontextmanager
async def endpoint(body: Body, *, status: int = 200, kind: str = "application/json") -> AsyncIterator[Endpoint]:
    """Serve one answer to whatever is posted."""
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    asked: list[tuple[Mapping[str, str], Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        sent = await reader.readexactly(int(headers["content-length"]))
        asked.append((headers | {"line": head[0]}, json.loads(sent)))
        lines = [f"HTTP/1.1 {status} So", f"content-type: {kind}", f"content-length: {len(data)}", "connection: close"]
        writer.write("\r\n".join([*lines, "", ""]).encode() + data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", asked)


def completion(text: str, **message: object) -> dict[str, Any]:
    return {"model": "peer-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": text, **message}}]}


def nested(text: str, words: str, url: str) -> dict[str, Any]:
    place = {"start_index": text.index(words), "end_index": text.index(words) + len(words)}
    return {"type": "url_citation", "url_citation": {**place, "title": "T", "url": url}}


async def replied(
    body: Body,
    *,
    articles: Articles = ARTICLES,
    case: Case = HOW_MANY,
    status: int = 200,
    kind: str = "application/json",
) -> Reply:
    async with (
        endpoint(body, status=status, kind=kind) as peer,
        open_openai(f"openai:{peer.address}#m", None, "") as target,
    ):
        return await OpenAITarget(peer.address, "m", target._client, articles).ask(case)


def cited(reply: Reply) -> list[list[str | None]]:
    """Name what each sentence cites."""
    return [[reply.citations[at].article_id for at in said.citations] for said in reply.sentences]


async def test_a_question_is_asked_behind_its_history_with_the_key() -> None:
    async with (
        endpoint(completion("31.")) as peer,
        open_openai(f"openai:{peer.address}/#provider/m", None, "secret") as target,
    ):
        reply = await target.ask(HOW_MANY)

    [(headers, body)] = peer.asked
    assert headers["line"].startswith("POST /v1/chat/completions ")
    assert headers["authorization"] == "Bearer secret"
    assert body["model"] == "provider/m"
    assert body["stream"] is False
    assert [(one["role"], one["content"]) for one in body["messages"]] == [
        ("user", "Who buys?"),
        ("assistant", "India."),
        ("user", "How many drones does India buy?"),
    ]
    assert reply.answered
    assert reply.writer == "peer-1"
    assert reply.found is None


async def test_nested_annotations_at_markers_give_what_each_sentence_cites() -> None:
    text = "India buys 31 [1]. The price is not known [2]. It is large [1]."
    reply = await replied(
        completion(
            text,
            annotations=[
                nested(text, "[1]", with_text_fragment(DRONES.source.url or "", "India plans to buy 31 drones.")),
                nested(text, "[2]", "https://copy.example/a?id=7"),
            ],
        )
    )

    assert [one.text for one in reply.sentences] == ["India buys 31.", "The price is not known.", "It is large."]
    assert cited(reply) == [["desk/drones"], ["copy"], ["desk/drones"]]
    assert [one.quote for one in reply.citations] == ["India plans to buy 31 drones.", None, None]
    assert reply.citations[0].valid
    assert reply.text == text


async def test_flat_annotations_behind_the_words_that_they_are_for_do_as_well() -> None:
    text = "India buys 31. The price is not known."
    flat = [
        {"type": "url_citation", "url": url, "title": "T", "start_index": start, "end_index": end}
        for url, start, end in ((URL, 0, 14), ("https://copy.example/a?id=7", 15, 38))
    ]
    reply = await replied(completion(text, annotations=flat))

    assert cited(reply) == [["desk/drones"], ["copy"]]
    assert reply.text == "India buys 31.[1] The price is not known.[2]"


async def test_links_that_stand_for_citations_are_no_words_of_the_answer() -> None:
    link = f"([news.example]({URL}?utm_source=openai))"
    text = f"India buys drones. {link} The price is not known. {link}"
    first = text.index(link)
    annotations = [
        {"type": "url_citation", "url_citation": {"url": URL + "?utm_source=openai", "title": "D", **place}}
        for start in (first, text.rindex(link))
        for place in [{"start_index": start, "end_index": start + len(link)}]
    ]
    reply = await replied(completion(text, annotations=annotations))

    assert [one.text for one in reply.sentences] == ["India buys drones.", "The price is not known."]
    assert cited(reply) == [["desk/drones"], ["desk/drones"]]
    assert "2023" not in reply.text


async def test_annotations_that_stand_nowhere_are_numbered_in_their_order() -> None:
    annotations = [
        {"type": "url_citation", "url_citation": {"url": URL, "quote": "The price is not known."}},
        {"type": "url_citation", "url_citation": {"url": "https://copy.example/a?id=7", "start_index": float("nan")}},
        {"type": "file_citation", "filename": "students.md"},
        {"type": "url_citation"},
        "no annotation",
    ]
    reply = await replied(completion("Known [2]. Not known [1]. Many [3]. Nowhere [9].", annotations=annotations))

    assert cited(reply) == [["copy"], ["desk/drones"], ["students"], []]
    assert reply.citations[1].quote == "The price is\nnot known."
    assert reply.citations[1].valid


LISTS = [
    "Sources:\n1. [Drones](https://news.example/2023/drones)\n2. [The students](https://elsewhere.example/)",
    "**Sources**\n\n1. [Dr\\[o\\]nes](https://news.example/2023/drones), The Desk, 10 November 2023\n2. The students",
    "## References\n- https://news.example/2023/drones\n- students.txt\n",
    "[1]: https://news.example/2023/drones\n[2]: https://elsewhere.example/students.html",
    "[1] Drones - https://news.example/2023/drones\n[2] Students (https://elsewhere.example/students)",
]


@pytest.mark.parametrize("listed", LISTS)
async def test_a_list_of_sources_behind_the_text_says_what_its_markers_stand_for(listed: str) -> None:
    reply = await replied(completion(f"India buys 31 [1]. Many study [2].\n\n{listed}"))

    assert cited(reply) == [["desk/drones"], ["students"]]
    assert reply.text == "India buys 31 [1]. Many study [2]."


def test_a_list_that_is_a_part_of_the_answer_is_not_cut_off() -> None:
    text = "India buys:\n1. [Drones](https://shop.example/1)\n2. Tanks"

    assert cut_list(text) == (text, {})


async def test_sources_beside_the_message_are_numbered_in_their_order() -> None:
    body = completion("India buys 31[1][2].") | {"citations": [URL, "https://copy.example/a?id=7"]}

    assert cited(await replied(body)) == [["desk/drones", "copy"]]


async def test_our_own_list_of_sources_is_cut_off_where_annotations_say_the_same() -> None:
    text = "India buys 31 [1]."
    listed = f"\n\n{SOURCES_HEADING}\n\n1. [Dr\\_ones]({URL}), The Desk, 10 November 2023"
    reply = await replied(completion(text + listed, annotations=[nested(text, "[1]", URL)]))

    assert reply.text == text
    assert cited(reply) == [["desk/drones"]]


async def test_a_title_that_two_articles_have_names_neither() -> None:
    reply = await replied(completion("India buys 31 [1].\n\nSources:\n1. Drones"))

    assert cited(reply) == [["Drones"]]


async def test_an_answer_without_markers_cites_its_sources_as_a_whole() -> None:
    reply = await replied(completion(f"India buys 31.\n\nSources:\n- {URL}"))

    assert cited(reply) == [[]]
    assert reply.article_ids == {"desk/drones"}


@pytest.mark.parametrize(
    "text",
    [
        *MESSAGES.values(),
        "Empty Response",
        "I don't know.",
        "None of the sources are helpful.",
        "I'm sorry, but I cannot answer that.",
        "I'm sorry, but I cannot answer that. Please ask about the news.",
        "The articles do not say who won. They only mention the talks.",
        "I don't have enough information to answer.",
        "Based on the provided sources, there is no information about the king.",
        "Not mentioned in the articles.",
        "The provided context does not contain this. It covers the bridge only.",
        "Thank you for your question. The provided sources do not say. If you know more, tell me.",
        "The provided sources do not mention how many drones.\n\nSources:\n1. https://news.example/2023/drones",
    ],
)
async def test_a_refusal_that_cites_nothing_is_an_abstention(text: str) -> None:
    reply = await replied(completion(text))

    assert not reply.answered
    assert not reply.citations


_PIECES = [
    "[1]",
    "[2, 3]",
    "[",
    "]",
    "(",
    " [t](http://a/b)",
    "Sources:\n",
    "\n",
    "1. ",
    "[1]: ",
    "It is 31. ",
    "\\[",
    "【1】",
]
_WORDS = st.lists(st.sampled_from(_PIECES), max_size=20).map("".join)
_URLS = st.sampled_from(
    [None, "http://a/b#:~:text=a", "://", "http://[", "http://a/articles/a?version=1&start=x&end=2"]
)
_SOURCES = st.builds(Named, _URLS, _WORDS, st.none() | _WORDS)
_PLACES = st.none() | st.integers(0, 60)


@given(_WORDS, st.lists(st.builds(Annotation, _SOURCES, _PLACES, _PLACES), max_size=3), st.lists(_SOURCES, max_size=3))
def test_whatever_comes_is_read(text: str, annotations: list[Annotation], sources: list[Named]) -> None:
    read = sourced(text, annotations, sources, ARTICLES.cited)
    places = [at for said in read.sentences for at in said.citations]

    assert places == list(range(len(places)))
    assert read.cites is bool(places)
    assert len(read.citations) >= len(places)
    assert "90000" not in read.text + "".join(said.text for said in read.sentences)


@pytest.mark.parametrize(
    "text",
    [
        "The articles do not say who won. It was Smith.",
        "I don't know. However, based on general knowledge, India buys 31 drones.",
        "India buys 31 drones. I don't know more.",
        "There is no king of Port Ellis.",
        "Sorry, I can only talk about the news. However, I can tell you that it is Bob.",
    ],
)
async def test_a_refusal_that_goes_on_to_tell_is_an_answer(text: str) -> None:
    assert (await replied(completion(text))).answered


async def test_our_own_messages_give_the_reason() -> None:
    assert (await replied(completion(MESSAGES["not_supported"]))).abstained == "not_supported"


async def test_what_cites_is_an_answer_whatever_it_refuses_beside() -> None:
    assert (await replied(completion(f"India buys 31 [1]. I don't know more.\n\n[1]: {URL}"))).answered


async def test_openais_refusal_is_an_abstention() -> None:
    assert not (await replied(completion("", refusal="No."))).answered


@pytest.mark.parametrize(
    ("body", "how", "said"),
    [
        ({"error": {"message": "no such model"}}, {"status": 404}, "refused (404): no such model"),
        ({"detail": "too many"}, {"status": 429}, "refused (429): too many"),
        ({"error": {"message": "out of memory"}}, {}, "refused (200): out of memory"),
        ("<html>Bad gateway</html>", {"status": 502, "kind": "text/html"}, "refused (502): it answers text/html"),
        ("<html>Log in</html>", {"kind": "text/html"}, "refused (200): it answers text/html"),
        (b"\xff\xfe\x00", {}, "no JSON"),
        ("[]", {}, "without choices"),
        ({"choices": []}, {}, "answers with no text"),
        (completion(" "), {}, "answers with no text"),
        ({"choices": [{"message": {"content": None, "tool_calls": [{}]}}]}, {}, "answers with no text"),
    ],
)
async def test_an_error_is_told_in_a_sentence(body: Body, how: dict[str, Any], said: str) -> None:
    with pytest.raises(TargetFailed) as failed:
        await replied(body, **how)

    assert said in str(failed.value)


async def test_no_number_is_none() -> None:
    usage = '"usage": {"prompt_tokens": NaN, "completion_tokens": Infinity}'
    annotations = '"annotations": [{"url_citation": {"url": "https://news.example/2023/drones", "end_index": NaN}}]'
    body = f'{{"choices": [{{"message": {{"content": "31 [1].", {annotations}}}}}], {usage}}}'
    reply = await replied(body)

    assert reply.usage is None
    assert cited(reply) == [["desk/drones"]]


async def test_tokens_are_counted_as_the_service_counts_them() -> None:
    reply = await replied(completion("31.") | {"usage": {"prompt_tokens": 100, "completion_tokens": 7}})

    assert reply.usage
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (100, 7)


async def test_an_endpoint_that_is_not_there_is_told() -> None:
    async with open_openai(f"openai:http://127.0.0.1:{free_port()}/v1#m", None, "") as target:
        with pytest.raises(TargetFailed, match="does not answer"):
            await target.ask(HOW_MANY)


async def test_a_scope_cannot_be_asked() -> None:
    case = HOW_MANY.model_copy(update={"scope": Scope(outlets=("The Desk",))})
    with pytest.raises(TargetFailed, match="no place for the case's scope"):
        await replied(completion("31."), case=case)


@pytest.mark.parametrize("named", ["openai:http://127.0.0.1/v1", "openai:127.0.0.1#m", "openai:", "ftp://x"])
async def test_a_name_that_is_none_says_what_one_looks_like(named: str) -> None:
    with pytest.raises(EvalError, match="openai:http://host/v1#model"):
        async with open_target(named, None, Settings()):
            pass


async def test_a_running_groundwire_is_not_given_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="has its own articles: leave --corpus out"):
        async with open_target("http://127.0.0.1:1", tmp_path, Settings()):
            pass


async def test_a_corpus_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="has no articles"):
        async with open_target("openai:http://127.0.0.1/v1#m", tmp_path, Settings()):
            pass


async def judged(text: str, articles: Articles, case: Case = HOW_MANY) -> Judgement:
    return judge(case, await replied(completion(text), articles=articles, case=case), {})


async def test_which_article_is_cited_cannot_be_told_by_addresses_alone() -> None:
    judgement = await judged(f"India buys 31 drones [1].\n\n[1]: {URL}", Articles())
    metrics = measure([judgement])

    assert judgement.passed
    for name in ("citation_recall_gold", "citation_precision_gold"):
        assert metrics[name].value is None
        assert "--corpus" in (metrics[name].undefined or "")
    assert metrics["citation_recall_verified"].undefined == "no answer has a quote to prove a sentence by"
    assert metrics["quote_validity"].undefined
    assert metrics["source_recall@5"].undefined
    assert metrics["answer_correctness"].value == 1


async def test_a_case_may_name_articles_by_their_addresses() -> None:
    case = HOW_MANY.model_copy(update={"articles": (URL,)})
    right = await judged(
        f"India buys 31 drones [1].\n\n[1]: {URL}/#:~:text=India%20buys%2031%20drones.", Articles(), case
    )
    wrong = await judged("India buys 31 [1].\n\n[1]: https://elsewhere.example/drones", Articles(), case)

    assert right.passed
    assert wrong.failures == (f"cites none of {URL}",)


def by(url: str) -> tuple[str | None, str | None, bool | None]:
    found = ARTICLES.cited(Named(url))
    return found.article_id, found.quote, found.valid


@pytest.mark.parametrize(
    ("marked", "quote", "valid"),
    [
        ("#:~:text=India%20plans", "India plans", True),
        ("#:~:text=The%20price%20is%20not%20known.", "The price is\nnot known.", True),
        ("#top:~:text=buys-,31%20drones.,-The&text=India", "31 drones.", True),
        ("#:~:text=India,2023.", TEXT[: TEXT.index("\n", 50)], True),
        ("#:~:text=India%20sells", "India sells", False),
        ("#:~:text=India,Mars", "India … Mars", False),
        ("#:~:text=", None, None),
        ("#quote", None, None),
    ],
)
def test_a_text_fragment_is_a_quote(marked: str, quote: str | None, valid: bool | None) -> None:  # noqa: FBT001
    assert by(URL + marked) == ("desk/drones", quote, valid)


def test_our_own_pages_say_the_article_and_the_place() -> None:
    version = DRONES.source.version
    page = f"http://127.0.0.1:8000/articles/desk/drones?version={version}&start=0&end=5#quote"

    assert by(page) == ("desk/drones", "India", True)
    assert by(page.replace(version, "older")) == ("desk/drones", None, None)
    assert Articles().cited(Named(page)).article_id == "desk/drones"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service with the sample articles, as a process."""
    folder = tmp_path_factory.mktemp("served")
    env = environment(folder / "data")
    ingested = groundwire("ingest", str(ROOT / "seeds" / "articles"), env=env)
    assert ingested.returncode == 0, ingested.stderr
    with serving("serve", "--port", "0", env=env, out=folder / "out") as (_, address):
        yield address


FEW = """
corpus: {corpus}
cases:
  - {{id: drones, question: "How many MQ-9B drones does India plan to acquire?", answered: true, facts: ["31"],
     articles: [ramp-up-partnership, defence-alliance-joint-statement], required: true}}
  - {{id: start, question: "When did the annual 2+2 dialogues start?", answered: true, facts: ["2018"],
     articles: [blinken-talks-china-israel], required: true}}
  - {{id: minister, question: "Who is India's finance minister?", answered: false, required: true}}
"""


@pytest.fixture
def few(tmp_path: Path) -> Path:
    path = tmp_path / "few.yaml"
    path.write_text(FEW.format(corpus=ROOT / "seeds" / "articles"), encoding="utf-8")
    return path


def run(few: Path, target: str, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDWIRE_")}
    file = few.with_suffix(".json")
    made = groundwire("eval", str(few), "--target", target, "--json", str(file), *arguments, env=env)
    report = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return made.returncode, made.stdout + made.stderr, report


def test_our_own_completions_are_measured_as_our_own_answers_are(few: Path, served: str) -> None:
    status, said, direct = run(few, served)
    assert status == 0, said
    status, said, through = run(few, f"openai:{served}/v1#groundwire")
    assert status == 0, said

    for name in ("answer_correctness", "abstention_recall", "quote_validity", "citation_precision_gold"):
        assert through["metrics"][name]["value"] == direct["metrics"][name]["value"] == 1, name
    assert [one["cited"] for one in through["cases"]] == [one["cited"] for one in direct["cases"]]
    assert through["metrics"]["source_recall@1"]["value"] is None
    assert direct["metrics"]["source_recall@1"]["value"] is not None


@pytest.mark.parametrize("target", ["http://{host}", "openai:http://{host}/v1#groundwire"])
def test_a_service_that_is_not_there_is_no_run(target: str, few: Path) -> None:
    status, said, _ = run(few, target.format(host=f"127.0.0.1:{free_port()}"))

    assert status == 2
    assert "does not answer" in said


def test_a_model_that_there_is_not_is_no_run(few: Path, served: str) -> None:
    status, said, _ = run(few, f"openai:{served}/v1#gpt-9")

    assert status == 2
    assert "'gpt-9' does not exist here" in said


def test_another_service_is_no_groundwire(few: Path, served: str) -> None:
    status, said, _ = run(few, f"{served}/v1")

    assert status == 2
    assert "refused" in said
