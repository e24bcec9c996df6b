"""An answer while it arrives: sentence by sentence, stopped, broken off, or never begun."""

import re

from playwright.async_api import expect

from tests.browser.chat import ABOUT_PASSENGERS, Chat
from tests.browser.newsroom import BREAKS_OFF, FAILS, SLOW, TWO_SAY, Modelled
from tests.browser.reader import Reader
from tests.browser.site import Events, File, Site

CROSSING = "The crossing would take 50 minutes in all weathers."
# What Chromium's console says of a response that is not 200, or that ends before its end.
REFUSED = "Failed to load resource"
CUT = "ERR_INCOMPLETE_CHUNKED_ENCODING"


async def test_a_sentence_is_shown_while_the_next_is_written(reader: Reader, modelled: Modelled) -> None:
    async with modelled.left():
        chat = Chat(await reader.opens(modelled.address))
        await chat.begins(SLOW)
        await expect(chat.sentences).to_have_text([re.compile(CROSSING)])
        await expect(chat.chips.first).to_be_visible()
        await expect(chat.stop).to_be_visible()
        await expect(chat.ask_button).to_be_hidden()
        await chat.page.close()


async def test_stop_keeps_what_is_there_and_the_model_is_left(reader: Reader, modelled: Modelled) -> None:
    chat = Chat(await reader.opens(modelled.address))
    async with modelled.left():
        await chat.begins(SLOW)
        await expect(chat.sentences).to_have_count(1)
        await chat.stop.click()
    await expect(chat.ask_button).to_be_visible()
    await expect(chat.sentences).to_have_text([re.compile(CROSSING)])
    await expect(chat.error).to_have_count(0)

    await chat.asks(TWO_SAY)
    await expect(chat.exchanges.last.locator("[part~=sentence]")).to_contain_text("320 passengers")
    await expect(chat.exchanges).to_have_count(2)
    # A later question refers to what was shown of the one that was stopped.
    assert [turn["text"] for turn in reader.posted[1]["history"]] == [SLOW, f"{CROSSING} [1]"]


async def test_escape_stops_an_answer(reader: Reader, modelled: Modelled) -> None:
    chat = Chat(await reader.opens(modelled.address))
    async with modelled.left():
        await chat.begins(SLOW)
        await expect(chat.sentences).to_have_count(1)
        await chat.question.press("Escape")
    await expect(chat.ask_button).to_be_visible()


async def test_a_new_conversation_stops_the_answer_of_the_old_one(reader: Reader, modelled: Modelled) -> None:
    chat = Chat(await reader.opens(modelled.address))
    async with modelled.left():
        await chat.begins(SLOW)
        await expect(chat.sentences).to_have_count(1)
        await chat.new.click()
    await expect(chat.exchanges).to_have_count(0)
    await expect(chat.ask_button).to_be_visible()
    await chat.asks(TWO_SAY)
    await expect(chat.sentences).to_have_count(1)


async def test_a_model_that_breaks_off_leaves_what_it_said_and_an_error(reader: Reader, modelled: Modelled) -> None:
    chat = Chat(await reader.opens(modelled.address))
    await chat.asks(BREAKS_OFF)

    await expect(chat.sentences).to_have_text([re.compile("The Aurora replaces the Borealis")])
    await expect(chat.error).to_contain_text("broke off in the middle of its reply")
    await expect(chat.error).to_have_role("alert")
    [heard] = await chat.page.evaluate("heard")
    assert heard["name"] == "groundwire-error"
    assert "broke off" in heard["detail"]["message"]

    before = len(modelled.model.asked)
    await chat.again.click()
    await expect(chat.ask_button).to_be_visible()
    await expect(chat.error).to_have_count(1)
    assert len(modelled.model.asked) > before
    await expect(chat.exchanges).to_have_count(1)
    assert [asked["history"] for asked in reader.posted] == [[], []]


async def test_a_model_that_fails_at_once_is_an_error_and_the_next_question_is_answered(
    reader: Reader, modelled: Modelled
) -> None:
    chat = Chat(await reader.opens(modelled.address))
    await chat.asks(FAILS)
    await expect(chat.error).to_contain_text("HTTP 500")
    await expect(chat.sentences).to_have_count(0)
    await chat.asks(TWO_SAY)
    await expect(chat.exchanges.last.locator("[part~=sentence]")).to_contain_text("320 passengers")


def _sentence(text: str) -> tuple[str, object]:
    """Make the event of a sentence that cites one article."""
    source = {"number": 1, "article_id": "a", "version": "1", "title": "A", "outlet": None, "url": None}
    cited = {"source": 1, "passage_id": "a@1#0", "quote": "One.", "start": 0, "end": 4, "support": 1.0}
    said = {"text": f"{text} [1]", "start": 0, "end": 8, "verdict": "supported", "citations": [0], "reasons": []}
    return "sentence", {
        "text": f"{text} [1]",
        "sentence": said | {"independent_sources": 1},
        "citations": [cited | {"answer_start": 0, "answer_end": 8}],
        "new_sources": [source | {"published": None, "credits": [], "origin": "a"}],
    }


def _answered(**fields: object) -> tuple[str, object]:
    """Make the event of the end of an answer."""
    answer = {"id": "a", "question": "?", "answered": True, "text": "", "abstained": None, "sentences": []}
    answer |= {"citations": [], "sources": [], "disagreements": [], "notices": [], "hits": None, "writer": "extractive"}
    return "answered", {"answer": answer | {"corpus": {"articles": 3, "fingerprint": "f"}} | fields}


async def test_a_connection_that_is_lost_is_an_error_and_what_was_shown_stays(
    reader: Reader, desk: str, site: Site
) -> None:
    chat = await _chat_with(reader, desk, site)
    site.answer = Events([("searched", {"hits": []}), _sentence("One.")])
    reader.expected = [CUT]
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.sentences).to_have_text([re.compile("One.")])
    await expect(chat.error).to_have_count(1)
    await expect(chat.again).to_be_visible()


async def test_a_refusal_says_what_the_service_says(reader: Reader, desk: str, site: Site) -> None:
    chat = await _chat_with(reader, desk, site)
    problem = '{"type": "about:blank", "title": "Unavailable", "status": 503, "detail": "The store is being mended."}'
    site.answer = File(problem, "application/problem+json", status=503)
    reader.expected = [REFUSED]
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.error).to_contain_text("The store is being mended.")
    [heard] = await chat.page.evaluate("heard")
    assert heard["detail"]["status"] == 503


async def test_a_service_that_is_not_there_is_an_error_in_words(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk)
    chat = Chat(page)
    reader.expected = ["ERR_FAILED"]
    await page.route("**/v1/answers", lambda route: route.abort())
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.error).to_be_visible()
    await expect(chat.error).not_to_contain_text("TypeError")
    await page.unroute("**/v1/answers")
    await chat.again.click()
    await expect(chat.sentences).to_have_count(2)
    await expect(chat.error).to_have_count(0)


async def test_the_page_follows_the_answer_unless_the_reader_reads_further_up(
    reader: Reader, desk: str, site: Site
) -> None:
    chat = await _chat_with(reader, desk, site)
    site.answer = Events([_sentence(f"This is sentence {number}, and it goes on.") for number in range(40)], hang=True)
    await chat.begins(ABOUT_PASSENGERS)
    await expect(chat.sentences).to_have_count(40)
    await expect(chat.sentences.last).to_be_in_viewport()
    await chat.stop.click()

    site.answer = Events([0.5, *(_sentence(f"Number {number} of another answer.") for number in range(40))], hang=True)
    await chat.begins(ABOUT_PASSENGERS)
    await chat.sentences.first.scroll_into_view_if_needed()
    await expect(chat.sentences).to_have_count(80)
    await expect(chat.sentences.first).to_be_in_viewport()
    await expect(chat.sentences.last).not_to_be_in_viewport()


async def test_a_long_conversation_sends_what_the_service_takes(reader: Reader, desk: str, site: Site) -> None:
    chat = await _chat_with(reader, desk, site)
    for number in range(22):
        site.answer = Events([_sentence(f"Answer {number}."), _answered()])
        await chat.asks(f"Question {number}?")
    assert [len(asked["history"]) for asked in site.asked] == [min(2 * number, 40) for number in range(22)]
    assert site.asked[-1]["history"][-1] == {"role": "assistant", "text": "Answer 20. [1]"}

    for number in range(4):
        site.answer = Events([_sentence(f"{'Word ' * 1500}{number}."), _answered()])
        await chat.asks(f"Long question {number}?")
    last = site.asked[-1]["history"]
    assert 15_000 < sum(len(turn["text"]) for turn in last) <= 20_000
    assert last[-1]["text"].endswith("2. [1]")


async def test_a_history_that_is_cut_in_the_middle_of_a_character_is_still_text(
    reader: Reader, desk: str, site: Site
) -> None:
    chat = await _chat_with(reader, desk, site)
    site.answer = Events([_sentence("x" + "🎓" * 10_000), _answered()])
    await chat.asks("First?")
    await chat.asks("Second?")
    [*_, turn] = site.asked[-1]["history"]
    assert turn["text"].encode() == ("x" + "🎓" * 9999 + "\ufffd").encode()


async def test_two_quotes_of_one_article_are_one_chip(reader: Reader, desk: str, site: Site) -> None:
    chat = await _chat_with(reader, desk, site)
    name, event = _sentence("It is one, and it is two.")
    assert isinstance(event, dict)
    second = event["citations"][0] | {"quote": "Two.", "start": 9, "end": 13}
    site.answer = Events([(name, event | {"citations": [*event["citations"], second]}), _answered()])
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.sentences).to_have_text(["It is one, and it is two. [1]"])
    await chat.chips.first.focus()
    await expect(chat.quote.locator("blockquote")).to_have_text(["“One.”", "“Two.”"])


async def test_what_a_later_service_says_beside_is_passed_over(reader: Reader, desk: str, site: Site) -> None:
    chat = await _chat_with(reader, desk, site)
    site.answer = Events(
        [("thinking", {"about": "it"}), _sentence("One."), ("sung", ["la"]), _answered(more={"mood": 1})]
    )
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.sentences).to_have_text([re.compile("One.")])
    await expect(chat.error).to_have_count(0)


async def test_where_there_is_no_passage_none_is_offered(reader: Reader, desk: str, site: Site) -> None:
    chat = await _chat_with(reader, desk, site)
    nothing = {"reason": "nothing_relevant", "message": "The articles say nothing about this."}
    site.answer = Events([("searched", {"hits": []}), _answered(answered=False, text=None, abstained=nothing)])
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.part("abstention")).to_have_text("The articles say nothing about this.")
    await expect(chat.element).not_to_contain_text("Nearest passages")
    await expect(chat.part("notice")).to_have_count(0)

    corpus = {"articles": 0, "fingerprint": "f"}
    site.answer = Events([_answered(answered=False, text=None, abstained=nothing, corpus=corpus)])
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.notice("empty")).to_contain_text("no article")


async def test_an_event_in_pieces_is_one_event(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.page.evaluate(
        """() => {
          const whole = window.fetch;
          window.fetch = async (...request) => {
            const response = await whole(...request);
            const pieces = new TransformStream({
              transform(chunk, controller) { for (const byte of chunk) controller.enqueue(Uint8Array.of(byte)); },
            });
            return new Response(response.body.pipeThrough(pieces), response);
          };
        }"""
    )
    await chat.asks("كم يبلغ طول جسر النورس؟")
    await expect(chat.sentences.first).to_contain_text("يبلغ طول جسر النورس 640 متراً")


async def _chat_with(reader: Reader, desk: str, site: Site) -> Chat:
    """Open a widget whose service is the site itself, with the answers of the test."""
    site.files["/"] = File(
        f'<!doctype html><html lang="en"><title>Site</title><script type="module" src="{desk}/widget.js"></script>'
        f'<groundwire-chat address="{site.url}"></groundwire-chat>'
    )
    return Chat(await reader.opens(site.url))
