"""Cases drafted from a corpus: of different articles and kinds, marked, deterministic, and never over another file."""

import json
import os
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # chromadb brings it
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.case_files import read_cases
from evals.cases import CaseFile, schema
from evals.drafted import Drawn, as_yaml, of_folder
from evals.drafting import Draft, draft
from evals.facts import has
from retrieval.types import Article, make_article
from tests.processes import groundwire

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "seeds" / "articles"

BRIDGE = """The new bridge in Larnholm cost 31 million dollars. Mayor Maria Keller opened the bridge with a speech.
The old bridge was closed to all traffic in May 2019. “It took us far too long to build this bridge,” Keller said.
The two sides met again. Norway sold 400 tonnes of steel to the town for it. He was pleased with what he had seen there.
"""


def article(text: str = BRIDGE, name: str = "bridge") -> Article:
    return make_article(article_id=name, title="A bridge", text=text)


def asked(text: str = BRIDGE, limit: int = 20) -> dict[str, Draft]:
    return {one.kind: one for one in draft([article(text)], limit)}


def written(articles: list[Article], limit: int = 20) -> str:
    drawn = Drawn(articles, "some articles", (), None)
    return as_yaml(draft(articles, limit), drawn, Path("questions.yaml"), "questions.schema.json")


@pytest.mark.parametrize(
    ("kind", "question", "fact"),
    [
        ("amount", "Norway sold how many tonnes of steel to the town for it?", "{number: 400}"),
        ("people", "Who opened the bridge with a speech?", '"Maria Keller", "Keller"'),
        ("date", "When was it that the old bridge was closed to all traffic?", '"May 2019"'),
        ("quote", "Who said “It took us far too long to build this bridge”?", '"Keller"'),
    ],
)
def test_each_kind_of_sentence_has_its_question(kind: str, question: str, fact: str) -> None:
    made = [one for one in draft([article()], 20) if one.kind == kind]
    assert (question, fact) in [(one.question, one.fact) for one in made]


def test_what_has_no_answer_asks_of_a_country_that_no_article_names() -> None:
    made = asked()["wrong-entity"]
    assert not made.answered
    assert "Norway" not in made.question
    country = made.question.split(" sold ")[0]
    named = asked(f"{BRIDGE} It was seen in {country}.")["wrong-entity"]
    assert not named.question.startswith(country)


def test_what_somebody_tells_of_a_person_is_not_asked_as_if_nobody_did() -> None:
    person = "Mayor Maria Keller said the bridge was safe for all who use it."
    questions = {one.question for one in draft([article(person)], 20)}
    assert "Where was Maria Keller born?" in questions
    told = draft([article(f"{person} She was born in Oslo.")], 20)
    assert not any("born" in one.question for one in told if not one.answered)


def test_sentences_that_lean_on_others_are_not_asked_about() -> None:
    assert draft([article("He sold 400 tonnes of steel to the town.")], 20) == []


def test_drafts_of_the_sample_corpus_are_of_every_article_and_of_several_kinds() -> None:
    articles = of_folder(SEEDS, 20).articles
    made = draft(articles, 20)
    assert len(made) == 20
    assert {one.article for one in made} == {one.source.article_id for one in articles}
    assert len({one.kind for one in made if one.answered}) >= 3
    assert sum(not one.answered for one in made) == 5
    assert len({one.question for one in made}) == 20


def test_the_fact_of_a_draft_stands_in_the_sentence_that_it_is_made_of() -> None:
    articles = of_folder(SEEDS, 20).articles
    file = CaseFile.model_validate(yaml.safe_load(written(list(articles), 50)))
    texts = {one.source.article_id: one.text for one in articles}
    answered = [one for one in file.cases if one.answered]
    assert len(answered) > 10
    for case in answered:
        assert all(has(texts[case.articles[0]], fact) for fact in case.facts), case.question


def test_a_drafted_file_is_one_that_is_read_and_that_editors_accept(tmp_path: Path) -> None:
    path = tmp_path / "questions.yaml"
    path.write_text(written([article()]), encoding="utf-8")
    file = read_cases(path)
    assert all(one.draft for one in file.cases)
    jsonschema.Draft202012Validator(json.loads(schema())).validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert "# yaml-language-server: $schema=questions.schema.json" in path.read_text(encoding="utf-8")


def test_the_same_articles_make_the_same_drafts() -> None:
    assert written([article(), article(name="other")]) == written([article(), article(name="other")])


def test_no_more_are_drafted_than_are_wanted() -> None:
    assert len(draft([article()], 2)) == 2
    assert draft([article("Nothing.")], 5) == []
    assert draft([], 5) == []


ODD = "\x00\x85\u2028 # : - \"quoted\" 'x' {a: [b]} %TAG \ud83d & *alias !tag"


def test_no_text_of_an_article_breaks_the_file() -> None:
    text = BRIDGE.replace("Larnholm", f"Larn{ODD}holm").replace("town", f"town {ODD}")
    file = CaseFile.model_validate(yaml.safe_load(written([article(text, f"odd {ODD}")])))
    assert file.cases


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_words_in_a_sentence_make_a_file_that_can_be_read(one: str, other: str) -> None:
    text = f"The new bridge {one} cost 31 million {other} dollars. Mayor {one} Keller opened {other} it on 4 June 2021."
    made = written([article(f"{text} “It took {one} far too long,” {other} Keller said."), article()])
    assert CaseFile.model_validate(yaml.safe_load(made)).cases


def test_the_command_writes_a_file_with_its_schema_and_overwrites_nothing(tmp_path: Path) -> None:
    first = groundwire("eval", "init", str(SEEDS), "-n", "8", env=dict(os.environ), cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "8 drafts are in questions.yaml" in first.stdout
    made = (tmp_path / "questions.yaml").read_bytes()
    assert len(read_cases(tmp_path / "questions.yaml").cases) == 8
    assert Path(read_cases(tmp_path / "questions.yaml").corpus or "").resolve() == SEEDS
    assert (tmp_path / "questions.schema.json").read_text(encoding="utf-8") == schema()
    again = groundwire("eval", "init", str(SEEDS), env=dict(os.environ), cwd=tmp_path)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert (tmp_path / "questions.yaml").read_bytes() == made


def test_the_command_says_what_it_skips_and_when_there_is_nothing_to_ask(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "articles" / "bridge.md").write_text(BRIDGE, encoding="utf-8")
    done = groundwire("eval", "init", "articles", "-o", "out/cases.yaml", env=dict(os.environ), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "skipped articles/picture.png" in done.stderr.replace(str(tmp_path) + "/", "")
    assert (tmp_path / "out" / "cases.yaml").exists()
    (tmp_path / "articles" / "bridge.md").unlink()
    empty = groundwire("eval", "init", "articles", "-o", "none.yaml", env=dict(os.environ), cwd=tmp_path)
    assert empty.returncode == 2
    assert "there is no sentence to ask about" in empty.stderr
    assert not (tmp_path / "none.yaml").exists()


def test_without_a_folder_the_configured_store_is_drafted_from(tmp_path: Path) -> None:
    environment = dict(os.environ) | {"GROUNDWIRE_DATA_DIR": str(tmp_path / "store")}
    ingested = groundwire("ingest", str(SEEDS), env=environment, cwd=tmp_path)
    assert ingested.returncode == 0, ingested.stderr
    done = groundwire("eval", "init", "-n", "5", env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    file = read_cases(tmp_path / "questions.yaml")
    assert file.corpus is None
    assert len({case.articles for case in file.cases}) > 1
