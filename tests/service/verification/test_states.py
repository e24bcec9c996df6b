"""The short way to whether a quote states a sentence says what the check says that gives the reasons, too."""

from itertools import permutations

from retrieval.readers import Document, read
from retrieval.sentences import sentence_spans
from service.verification.checking import check, states
from tests.processes import ROOT


def test_a_quote_states_a_sentence_where_it_passes_the_check() -> None:
    told = []
    for file in sorted((ROOT / "seeds" / "articles").glob("*.md"))[:4]:
        article = read(Document(file, file.stem))
        sentences = [article.text[start:end] for start, end in sentence_spans(article.text)]
        told += [(article.source, one) for one in sentences[:9]]
        told += [(article.source, one.replace("India", "Japan").replace("2", "3")) for one in sentences[:3]]
        told += [(article.source, " ".join(one.split()[:12]) + ".") for one in sentences[:9]]
    passed = [
        (states(quote, sentence, source), check(sentence, quote, source).passed)
        for (source, quote), (_, sentence) in permutations(told, 2)
    ]
    assert [one for one, _ in passed] == [other for _, other in passed]
    assert {one for one, _ in passed} == {True, False}
