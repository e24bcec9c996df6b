"""What words of an article say of a sentence: pairs over the seeds, spellings, and the search for a proof."""

import time
from datetime import UTC, datetime
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest

from retrieval.passages import split
from retrieval.readers import document_files, read
from retrieval.types import Article, Hit, make_article
from service.evidence import Evidence, gather
from service.verification.checking import check
from service.verification.proving import Proof, independent_sources, prove

SEEDS = Path(__file__).parents[2] / "seeds" / "articles"

HOLD = "hold-2-plus-2-dialogue"
RAMP = "ramp-up-partnership"
BLINKEN = "blinken-talks-china-israel"
JOINT = "defence-alliance-joint-statement"
KEY = "key-takeaways"

QUOTES = {
    "acquire": (
        RAMP,
        "The Indian side also plans to acquire 31 MQ-9B Reaper drones from the US.",
    ),
    "trade": (
        RAMP,
        "Two-way trade is worth more than $200 billion, foreign direct investment in both directions is "
        "rising, and there are 270,000 Indian students in the United States, which also has an Indian "
        "diaspora of 4.4 million.",
    ),
    "engine": (
        RAMP,
        "General Electric has reached an agreement with India’s state-run Hindustan Aeronautics Limited to "
        "manufacture the GE414 engine in India.",
    ),
    "chapter": (
        RAMP,
        "Jaishankar said Prime Minister Narendra Modi’s visit to the US in June “truly opened a new chapter "
        "in our relationship” and US President Joe Biden’s visit to New Delhi in September for the G20 "
        "Summit too contributed to the positive trajectory of the ties.",
    ),
    "counterweight": (
        RAMP,
        "The US and its allies are also looking to bolster India as a counterweight to China.",
    ),
    "differences": (
        RAMP,
        "Strategic and security cooperation between India and the US has advanced despite their differences "
        "on the Ukraine war.",
    ),
    "met": (
        BLINKEN,
        "US Secretary of State Antony Blinken met with India's External Affairs Minister Subrahmanyam "
        "Jaishankar in New Delhi on Friday to discuss defense and strategic collaboration in the face of "
        "global challenges.",
    ),
    "annual": (
        BLINKEN,
        "These annual meetings, which started in 2018, aim to align policy objectives and deepen defense "
        "ties between the two nations, especially regarding concerns over regional issues, including "
        "China's increasing assertiveness and the situation in Gaza and Ukraine.",
    ),
    "reliance": (
        BLINKEN,
        "Washington hopes a stronger defense partnership will gradually reduce India's reliance on its main "
        "military supplier, Russia.",
    ),
    "friends": (
        BLINKEN,
        '"These are two of our closest friends and partners and, of course, we want to see them resolving '
        'any differences or disputes that they have," Blinken said.',
    ),
    "canada": (
        BLINKEN,
        "Blinken also addressed the fallout between India and Canada that was sparked by allegations that "
        "India was involved in the murder of a Canadian citizen.",
    ),
    "pillar": (
        BLINKEN,
        "Singh highlighted defense as an important pillar of the India-US bilateral relationship and said "
        'despite "various emerging geopolitical challenges, we need to keep our focus on important and '
        'long-term issues."',
    ),
    "visits": (
        BLINKEN,
        'The "2+2 Dialogue" seeks to build on the foundation laid by Indian Prime Minister Narendra Modi\'s '
        "visit to Washington in June and the subsequent trip of US President Joe Biden to New Delhi for the "
        "G20 summit in September.",
    ),
    "november": (
        HOLD,
        "India and the U.S. on November 10 held extensive deliberations to further expand their global "
        "strategic partnership through greater defence industrial ties, enhancing engagement in the "
        "Indo-Pacific and boosting cooperation in key areas such as critical minerals and high-technology.",
    ),
    "led": (
        HOLD,
        "The U.S. delegation at the 2+2 ministerial talks was led by U.S. Secretary of State Antony Blinken "
        "and U.S. Defence Secretary Lloyd Austin.",
    ),
    "expedite": (
        JOINT,
        "The US Defense Secretary mentioned ongoing initiatives to expedite the delivery of 31 MQ-9B drones to India.",
    ),
    "letter": (
        JOINT,
        'Aramane said New Delhi has sent a “letter of request" for the 31 drones and the US has to respond to it.',
    ),
    "substantive": (
        JOINT,
        'At the end of the dialogue, Jaishankar described the talks as “substantive".',
    ),
    "quad": (
        JOINT,
        "In his remarks, Jaishankar said that the Quad leaders' summit to be hosted by India early next "
        "year will deliberate on the Indo-Pacific.",
    ),
    "hostages": (
        JOINT,
        "They called for the immediate release of all remaining hostages.",
    ),
    "pathankot": (
        JOINT,
        "Terrorist organizations based in Pakistan were responsible for the 26/11 attacks and the 2016 "
        "Pathankot incidents.",
    ),
    "taliban": (
        JOINT,
        "India and the US also urged the Taliban to respect the human rights of all Afghans, including "
        "women, children, and members of minority groups and uphold freedom of travel.",
    ),
    "liaison": (
        JOINT,
        "As per the joint statement from the '2+2' dialogue, India and the US are establishing new liaison "
        "positions to ensure smooth communication and collaboration between their respective armed forces.",
    ),
    "vehicle": (
        JOINT,
        "Additionally, they unveiled intentions to collaborate on the joint production of an armoured "
        "infantry vehicle.",
    ),
    "scope": (
        JOINT,
        "“We're integrating our industrial bases, strengthening our interoperability and sharing "
        "cutting-edge technology. The scope of our cooperation is vast, it stretches from the seabed to "
        'space," Austin added.',
    ),
    "ge": (
        KEY,
        "Plans for co-production of General Electric's GE F-414 jet engine and supply of MQ-9B drones to "
        "India are confirmed to be on track.",
    ),
    "condemned": (
        KEY,
        "India and the US jointly condemned terrorist attacks against Israel and called for the immediate "
        "release of hostages and coordination on humanitarian assistance in Gaza.",
    ),
}

SUPPORTED = [
    ("acquire", "The Indian side also plans to acquire 31 MQ-9B Reaper drones from the US."),
    ("acquire", "India plans to acquire 31 MQ-9B drones."),
    ("acquire", "India intends to buy thirty-one MQ-9B Reaper drones from the United States."),
    ("acquire", "India plans to purchase 31 Reaper drones from America."),
    ("trade", "Two-way trade is worth more than $200 billion."),
    ("trade", "Two-way trade is worth more than 200 bn dollars."),
    ("trade", "Trade is worth over US$200 billion."),
    ("trade", "There are 270,000 Indian students in the United States."),
    ("trade", "270,000 Indian students are in the U.S."),
    ("trade", "The Indian diaspora in the US numbers 4.4 million."),
    ("trade", "The United States has an Indian diaspora of 4.4 million people."),
    ("engine", "General Electric will manufacture the GE414 engine in India with Hindustan Aeronautics Limited."),
    ("engine", "General Electric agreed with state-run Hindustan Aeronautics to make the GE414 engine in India."),
    ("chapter", "Jaishankar said Modi's visit “truly opened a new chapter in our relationship”."),
    ("chapter", "According to Jaishankar, Narendra Modi's visit to the US in June opened a new chapter."),
    ("chapter", "Joe Biden visited New Delhi in September for the G20 Summit."),
    ("counterweight", "The US and its allies want to strengthen India as a counterweight to China."),
    ("differences", "Cooperation between India and the US has advanced despite differences on the Ukraine war."),
    ("met", "Anthony Blinken met Subrahmanyam Jaishankar in New Delhi on Friday."),
    ("met", "Antony Blinken met Jaishankar in New Delhi on 10 November 2023."),
    ("met", "US Secretary of State Antony Blinken met with Jaishankar in New Delhi on Nov. 10, 2023."),
    ("annual", "The annual meetings started in 2018."),
    ("annual", "The annual meetings began in 2018."),
    ("reliance", "India's main military supplier is Russia."),
    ("reliance", "Washington hopes a stronger partnership will reduce India's dependence on Russia."),
    ("friends", "Blinken called them “two of our closest friends and partners”."),
    ("canada", "Blinken addressed the fallout between India and Canada."),
    ("pillar", "Singh said defence is an important pillar of the India-US relationship."),
    ("visits", "Modi visited Washington in June."),
    ("november", "India and the U.S. held deliberations on November 10, 2023."),
    ("november", "On 10 November, India and the United States held extensive deliberations."),
    ("led", "The U.S. delegation was led by Antony Blinken and Lloyd Austin."),
    ("expedite", "The US Defense Secretary mentioned efforts to speed up the delivery of 31 MQ-9B drones to India."),
    ("letter", "New Delhi has sent a “letter of request” for the 31 drones."),
    ("letter", "India has sent a letter of request for the drones, Aramane said."),
    ("substantive", "Jaishankar described the talks as “substantive”."),
    ("quad", "The Quad leaders' summit will be hosted by India early next year."),
    ("hostages", "They called for the immediate release of all hostages."),
    ("pathankot", "Organizations based in Pakistan were responsible for the 2016 Pathankot incidents."),
    ("taliban", "India and the US urged the Taliban to respect the human rights of all Afghans."),
    ("liaison", "India and the US are setting up new liaison positions between their armed forces."),
    ("vehicle", "They plan to collaborate on the production of an armoured infantry vehicle."),
    ("scope", "Austin said the scope of the cooperation is vast and stretches from the seabed to space."),
    ("ge", "The co-production of the GE F-414 jet engine is on track."),
    ("condemned", "India and the US condemned the terrorist attacks against Israel."),
    # the same roles, bounds and plans in other words
    ("acquire", "India plans to buy 31 drones from the United States."),
    ("acquire", "31 MQ-9B drones are to be acquired by India from the US."),
    ("acquire", "India wants to acquire 31 drones from the US."),
    ("acquire", "From the US, India plans to acquire 31 Reaper drones."),
    ("trade", "Trade between the two is worth more than 200 billion dollars."),
    ("trade", "Trade is worth above 200 billion dollars."),
    ("trade", "Foreign direct investment in both directions is rising."),
    ("trade", "There are 270,000 students from India in the United States."),
    ("reliance", "Russia is India's main military supplier."),
    ("reliance", "Washington hopes to reduce India's reliance on Russia."),
    ("canada", "Allegations that India was involved in the murder of a Canadian citizen sparked the fallout."),
    ("canada", "India allegedly was involved in the murder of a Canadian citizen."),
    ("hostages", "They called for all remaining hostages to be released immediately."),
    ("hostages", "They want all remaining hostages released immediately, and called for it."),
    ("pathankot", "Terrorist organizations based in Pakistan were responsible for the 26/11 attacks."),
    ("engine", "An agreement to manufacture the GE414 engine in India has been reached by General Electric."),
    ("quad", "India will host the Quad leaders' summit early next year."),
    ("taliban", "The Taliban were urged by India and the US to respect the human rights of all Afghans."),
]

UNSUPPORTED = [
    # wrong numbers and amounts
    ("acquire", "India plans to acquire 41 MQ-9B drones."),
    ("acquire", "India plans to acquire 3 MQ-9B drones."),
    ("acquire", "India plans to acquire one MQ-9B drone."),
    ("acquire", "India plans to acquire more than 31 MQ-9B drones."),
    ("trade", "Two-way trade is worth more than $200 million."),
    ("trade", "Two-way trade is worth less than $200 billion."),
    ("trade", "Two-way trade is worth more than ₹200 billion."),
    ("trade", "Two-way trade has risen 200 percent."),
    ("trade", "There are 4.4 million Indian students in the United States."),
    ("trade", "The United States has an Indian diaspora of 270,000."),
    ("trade", "There are 27,000 Indian students in the United States."),
    ("letter", "New Delhi has sent a letter of request for 13 drones."),
    # wrong names
    ("acquire", "India plans to acquire 31 MQ-9B drones from Russia."),
    ("acquire", "India plans to acquire 31 MQ-8B drones from the US."),
    ("acquire", "Pakistan plans to acquire 31 MQ-9B drones from the US."),
    ("engine", "Rolls-Royce has reached an agreement to manufacture the GE414 engine in India."),
    ("pillar", "Austin highlighted defense as an important pillar of the India-US bilateral relationship."),
    ("pillar", "Trump highlighted defense as an important pillar of the India-US bilateral relationship."),
    ("pillar", "Blinken highlighted defense as an important pillar of the India-US bilateral relationship."),
    ("canada", "Blinken addressed the fallout between India and China."),
    ("led", "The U.S. delegation was led by Antony Blinken and Janet Yellen."),
    ("reliance", "India's main military supplier is France."),
    # wrong dates
    ("annual", "The annual meetings started in 2019."),
    ("annual", "The annual meetings started in 2023."),
    ("annual", "The annual meetings started in November 2018."),
    ("november", "India and the U.S. held deliberations on November 11."),
    ("november", "India and the U.S. held deliberations on 10 October 2023."),
    ("november", "India and the U.S. held deliberations on November 10, 2022."),
    ("met", "Antony Blinken met Jaishankar in New Delhi on Monday."),
    ("met", "Antony Blinken met Jaishankar in New Delhi on 3 May 2023."),
    ("visits", "Modi visited Washington in July."),
    ("pathankot", "Organizations based in Pakistan were responsible for the 2008 Pathankot incidents."),
    ("quad", "The Quad leaders' summit will be hosted by India late next year."),
    # flipped
    ("acquire", "India does not plan to acquire 31 MQ-9B drones."),
    ("acquire", "India plans to sell 31 MQ-9B Reaper drones to the US."),
    ("reliance", "A stronger defense partnership will not reduce India's reliance on Russia."),
    ("reliance", "Washington hopes a stronger defense partnership will gradually increase India's reliance on Russia."),
    ("hostages", "They never called for the immediate release of hostages."),
    ("condemned", "India and the US refused to condemn the terrorist attacks against Israel."),
    ("condemned", "India and the US jointly welcomed terrorist attacks against Israel."),
    # invented quotations
    ("chapter", "Jaishankar said Modi's visit “opened a glorious new era for our relationship”."),
    ("friends", "Blinken said: “India is our closest friend.”"),
    ("substantive", "Jaishankar described the talks as “disappointing”."),
    ("pillar", "Singh said “we need to keep our focus on China”."),
    # made-up details
    ("acquire", "India plans to acquire 31 MQ-9B drones from the US to patrol its northern border."),
    ("annual", "The annual meetings started in 2018 at the request of the Pentagon."),
    ("vehicle", "They plan the joint production of an armoured infantry vehicle at a new factory in Pune."),
    ("substantive", "Jaishankar described the talks as substantive but tense and unusually short."),
    ("expedite", "The US Defense Secretary apologised for delays in the delivery of 31 MQ-9B drones to India."),
    ("hostages", "They called for sanctions, a ceasefire and the immediate release of all hostages."),
    ("engine", "General Electric has reached an agreement to build a nuclear reactor in India."),
    ("led", "The talks ended without agreement."),
    # roles swapped
    ("acquire", "The US plans to acquire 31 MQ-9B Reaper drones from India."),
    ("acquire", "The US plans to acquire 31 MQ-9B Reaper drones."),
    ("reliance", "India's main military supplier is Washington."),
    ("reliance", "Russia's main military supplier is India."),
    ("trade", "There are 270,000 American students in India."),
    ("canada", "Canada was involved in the murder of an Indian citizen."),
    ("pathankot", "Terrorist organizations based in India were responsible for the 26/11 attacks."),
    ("friends", "Blinken announced in Beijing that these are two of our closest friends and partners."),
    # plans, calls and allegations as facts, and an agreement undone
    ("acquire", "India has acquired 31 MQ-9B Reaper drones from the US."),
    ("acquire", "India acquires 31 MQ-9B drones from the US."),
    ("letter", "The US has responded to the letter of request."),
    ("engine", "General Electric has manufactured the GE414 engine in India."),
    ("canada", "India was involved in the murder of a Canadian citizen."),
    ("hostages", "All remaining hostages were released immediately."),
    ("quad", "The Quad leaders' summit was hosted by India."),
    ("visits", "Modi will visit Washington in July."),
    ("engine", "General Electric has ended an agreement with India’s state-run Hindustan Aeronautics Limited."),
    # a bound left out, and a number of something else
    ("trade", "Two-way trade is worth $200 billion."),
    ("trade", "Foreign direct investment is worth more than $200 billion."),
]


@cache
def articles() -> dict[str, Article]:
    return {file.article_id: read(file) for file in document_files([SEEDS])}


@pytest.mark.parametrize("name", QUOTES)
def test_the_quotes_of_these_pairs_are_the_articles_own(name: str) -> None:
    article_id, quote = QUOTES[name]
    assert quote in articles()[article_id].text


@pytest.mark.parametrize(("name", "sentence"), SUPPORTED)
def test_what_a_quote_says_is_supported(name: str, sentence: str) -> None:
    article_id, quote = QUOTES[name]
    assert check(sentence, quote, articles()[article_id].source).reasons == ()


@pytest.mark.parametrize(("name", "sentence"), UNSUPPORTED)
def test_what_a_quote_does_not_say_is_not_supported(name: str, sentence: str) -> None:
    article_id, quote = QUOTES[name]
    assert check(sentence, quote, articles()[article_id].source).reasons


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("India buys 31 drones.", "India buys thirty-one drones."),
        ("India buys thirty-one drones.", "India buys 31 drones."),
        ("It costs $200 billion.", "It costs 200 bn dollars."),
        ("It costs 200 billion dollars.", "It costs US$200bn."),
        ("It costs $2.5 billion.", "It costs $2.5 bn."),
        ("It rose 5 percent.", "It rose 5%."),
        ("It rose five per cent.", "It rose 5 percent."),
        ("1,200 people came.", "1200 people came."),
        ("They met on Nov. 10.", "They met on 10 November 2023."),
        ("They met on 10 November 2023.", "They met on Friday."),
        ("They met on 10 November 2023.", "They met on Nov. 10."),
        ("They met on Friday.", "They met on November 10, 2023."),
        ("They met on 9 November.", "They met yesterday."),
        ("It will be held in 2024.", "It will be held early next year."),
        ("They met in October 2023.", "They met last month."),
        ("Yesterday Rajnath Singh met him.", "Rajnath Singh met him yesterday."),
        ("The fifth dialogue was held.", "The 5th dialogue was held."),
        ("U.S. troops left.", "United States troops left."),
        ("American troops left.", "US troops left."),
        ("Minister Anthony Blinken left.", "Minister Antony Blinken left."),
        ("The two sides met.", "India and China met: both sides talked."),
        ("One of the drones fell.", "A drone fell, of the 31 drones."),
        ("India did not buy drones.", "India didn't buy drones."),
        ("India did not buy drones.", "India never bought drones."),
        ("India will buy 31 drones.", "India, which has not joined the pact, will buy 31 drones."),
        ("“We will not buy drones,” Singh said.", "“We will not buy drones,” Singh said."),
    ],
)
def test_other_spellings_say_the_same(sentence: str, quote: str) -> None:
    assert check(sentence, quote, PAGE.source).reasons == ()


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("India buys 3 drones.", "India buys 31 drones."),
        ("India buys 3", "India buys 31 drones."),
        ("It costs $25 bn.", "It costs $2.5 bn."),
        ("It costs $200 million.", "It costs $200 billion."),
        ("It costs €200 billion.", "It costs $200 billion."),
        ("It rose 5 percent.", "It rose 5 points in 2020."),
        ("10 drones came.", "The drones came on November 10."),
        ("It rose 5.", "It rose 5%."),
        ("They met on 11 November 2023.", "They met on Friday."),
        ("They met on 10 November 2022.", "They met on 10 November 2023."),
        ("It will be held in 2023.", "It will be held early next year."),
        ("They met on Thursday.", "They met on Friday."),
        ("They came yesterday.", "They came last year."),
        ("India will buy drones.", "Modi denied that India will buy drones."),
        ("India will buy drones.", "There is no evidence that India will buy drones."),
        ("Singh said India will buy drones.", "“India will not buy drones,” Singh said."),
        ("India bought drones.", "India refused to buy drones."),
        ("India accepted the drones.", "India rejected the drones."),
        ("India buys drones, see https://evil.example/x for more.", "India buys drones, see more."),
        ("India buys drones ![x](//evil.example/x).", "India buys drones."),
        ("Exactly 50 drones and 20 ships came.", "Exactly 20 drones and 50 ships came."),
        ("", "India buys drones."),
        ("…", "India buys drones."),
        ("🎓", "India buys drones."),
        ("It is.", "It is what they had."),
    ],
)
def test_what_only_looks_alike_is_not_supported(sentence: str, quote: str) -> None:
    assert check(sentence, quote, PAGE.source).reasons


def test_reasons_are_for_people() -> None:
    source = PAGE.source
    assert check("India buys 41 drones.", "India buys 31 drones.", source).reasons == ("41 is not in the quote",)
    assert check("India never buys drones.", "India buys drones.", source).reasons == ("only the sentence says not",)
    assert (
        check("India sells drones.", "India buys drones.", source).reasons[0]
        == "the quote says buys, the sentence sells"
    )
    assert check("Rao said: “Drones are great.”", "Rao said drones fly.", source).reasons[0] == (
        "“Drones are great.” is not in the quote"
    )


def test_the_words_themselves_are_full_support_and_other_words_less() -> None:
    assert check("India plans to buy 31 drones", "India plans to buy 31 drones.", PAGE.source).support == 1.0
    other = check("India intends to purchase 31 drones.", "India plans to buy 31 drones.", PAGE.source)
    assert other.passed
    assert 0.5 < other.support < 1.0


def test_the_outlet_and_the_agencies_may_be_named() -> None:
    source = make_article(article_id="a", title="T", text="x", outlet="Livemint", credits=["PTI"]).source
    assert check(
        "PTI and Livemint reported that India buys drones.", "India buys drones, it was reported.", source
    ).passed


PAGE = make_article(
    article_id="page",
    title="Page",
    text=(
        "India plans to buy 31 drones. The price of the drones is still open.\n"
        "Rao leads the team in Pune. He has worked there since 2019, and likes it."
    ),
    published=datetime(2023, 11, 10, tzinfo=UTC),
)
COPY = make_article(article_id="copy", title="Copy", text="India plans to buy 31 drones.")
OTHER = make_article(
    article_id="other", title="Other", text="Thirty-one drones will be bought by India, officials plan."
)


def evidence(*found: Article) -> Evidence:
    hits = [Hit(passage=passage, relevance=0.5) for article in found for passage in split(article)]
    return gather(hits, {article.source.article_id: article for article in found})


def provable(sentence: str, cited: tuple[int, ...], found: Evidence) -> list[str]:
    verdict = prove(sentence, cited, found)
    assert verdict.supported
    for proof in verdict.proofs:
        assert found.articles[proof.statement.source.article_id].text[proof.start : proof.end] == proof.quote
    return [proof.quote for proof in verdict.proofs]


def test_a_cited_hit_that_says_it_proves_it() -> None:
    assert provable("India plans to purchase 31 drones.", (1,), evidence(OTHER, PAGE)) == [
        "India plans to buy 31 drones."
    ]
    assert prove("India plans to purchase 31 drones.", (1,), evidence(OTHER, PAGE)).reasons == ()


def test_every_cited_article_that_says_it_is_a_proof_the_strongest_first() -> None:
    found = evidence(OTHER, PAGE)
    assert provable("India plans to buy 31 drones.", (0, 1), found) == [
        "India plans to buy 31 drones.",
        "Thirty-one drones will be bought by India, officials plan.",
    ]


def test_a_hit_that_does_not_say_it_is_replaced_by_one_that_does_and_it_says_so() -> None:
    found = evidence(make_article(article_id="no", title="No", text="Nothing of it."), PAGE)
    verdict = prove("India plans to buy 31 drones.", (0,), found)
    assert [proof.quote for proof in verdict.proofs] == ["India plans to buy 31 drones."]
    assert verdict.reasons == ("re-cited: the passage that was cited does not say it",)


@pytest.mark.parametrize("cited", [(), (7,), (-1,)])
def test_citations_out_of_range_prove_nothing_and_stop_nothing(cited: tuple[int, ...]) -> None:
    assert provable("India plans to buy 31 drones.", cited, evidence(PAGE)) == ["India plans to buy 31 drones."]
    assert not prove("India plans to buy 41 drones.", cited, evidence(PAGE)).supported


def test_what_nothing_says_has_the_reasons_of_the_nearest_words() -> None:
    assert prove("India plans to buy 41 drones.", (0,), evidence(PAGE)).reasons == ("41 is not in the quote",)
    assert prove("India plans to buy 41 drones.", (), evidence()).reasons == ("nothing that was cited says it",)


def test_a_quote_may_span_two_sentences() -> None:
    [quote] = provable("Rao leads the team and has worked there since 2019.", (0,), evidence(PAGE))
    assert quote == "Rao leads the team in Pune. He has worked there since 2019, and likes it."


def test_a_quote_may_span_two_passages_in_any_order_of_hits() -> None:
    [whole] = split(PAGE)
    at = PAGE.text.index("He has")
    first = whole.model_copy(update={"text": PAGE.text[:at], "end": at})
    second = whole.model_copy(update={"text": PAGE.text[at:], "start": at, "ordinal": 1})
    hits = [Hit(passage=one, relevance=0.5) for one in (second, first)]
    found = gather(hits, {"page": PAGE})
    [quote] = provable("Rao leads the team and has worked there since 2019.", (1,), found)
    assert quote == "Rao leads the team in Pune. He has worked there since 2019, and likes it."


def test_sentences_with_furniture_between_them_are_no_quote() -> None:
    article = make_article(
        article_id="a", title="A", text="Rao leads the team in Pune.\nADVERTISEMENT\nHe has worked there since 2019."
    )
    assert not prove("Rao leads the team and has worked there since 2019.", (0,), evidence(article)).supported


def count(sentence: str, *found: Article) -> int:
    everything = evidence(*found)
    return independent_sources(prove(sentence, range(len(everything.hits)), everything).proofs)


def test_copies_are_one_independent_source_and_other_words_another() -> None:
    assert count("India plans to buy 31 drones.", PAGE) == 1
    assert count("India plans to buy 31 drones.", PAGE, COPY) == 1
    assert count("India plans to buy 31 drones.", PAGE, OTHER) == 2
    assert count("India plans to buy 31 drones.", PAGE, COPY, OTHER) == 2
    assert independent_sources([]) == 0


def test_articles_of_one_origin_are_one_independent_source() -> None:
    source = OTHER.source.model_copy(update={"origin": "page"})
    assert count("India plans to buy 31 drones.", PAGE, Article(source=source, text=OTHER.text)) == 1


def test_what_joins_two_copies_makes_them_one_in_any_order() -> None:
    run = "one two three four five six seven eight nine ten"
    texts = [
        f"India said {run} here.",
        f"India said {run} here and alpha beta gamma delta epsilon zeta eta theta iota kappa.",
    ]
    texts.append("India and alpha, beta gamma delta epsilon zeta eta theta iota kappa.")
    proofs: list[Proof] = []
    for number, text in enumerate(texts):
        article = make_article(article_id=str(number), title="T", text=text)
        proofs += prove(text, (0,), evidence(article)).proofs
    for order in permutations(proofs):
        assert independent_sources(order) == 1


def test_an_answer_of_five_sentences_is_checked_fast() -> None:
    found = evidence(*articles().values())
    sentences = [f"{sentence[:-1]} indeed." for _, sentence in SUPPORTED[:5]]
    began = time.thread_time()
    for sentence in sentences:
        prove(sentence, (), found)
    assert time.thread_time() - began < 2
