"""How long the proof of a sentence takes: cited rightly, wrongly and not at all, and of a sentence that nothing says.

    python benchmarks/verification_speed.py

The evidence is every passage of the invented news and of the seeds, some four times the 40 that an answer is written
from. The sentences have never been seen; the articles' words are known, as after
the first sentence of an answer. Milliseconds of the processor's time.
"""

import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from retrieval import readers  # noqa: E402 - the repository is on the path from here on
from retrieval.passages import split  # noqa: E402
from retrieval.types import Hit  # noqa: E402
from service.evidence import Evidence, gather  # noqa: E402
from service.verification.proving import prove  # noqa: E402

FOLDERS = [ROOT / "seeds" / "articles", *(ROOT / "benchmarks" / "news" / name / "articles" for name in "abc")]
TRUE = (
    "India intends to buy thirty-one MQ-9B Reaper drones from the United States.",
    "General Electric agreed with state-run Hindustan Aeronautics to make the GE414 engine in India.",
    "India and the US urged the Taliban to respect the human rights of all Afghans.",
    "The United States has an Indian diaspora of 4.4 million people.",
)
FALSE = (
    "India intends to buy forty-one MQ-9B Reaper drones from the United States.",
    "General Electric agreed with state-run Hindustan Aeronautics to make the GE515 engine in Canada.",
    "Pakistan and the US urged the Taliban to respect the human rights of most Afghans.",
    "The United States has an Indian diaspora of 5.5 million people.",
)


def everything() -> Evidence:
    """Give all articles as evidence."""
    articles = [readers.read(file) for file in readers.document_files(FOLDERS)]
    hits = [Hit(passage=passage, relevance=0.5) for article in articles for passage in split(article)]
    return gather(hits, {article.source.article_id: article for article in articles})


def main() -> None:
    """Print the median and the longest of each kind."""
    evidence = everything()
    prove("The committee said nothing of this in July.", (), evidence)
    print(f"{len(evidence.hits)} passages, {len(evidence.statements)} statements")
    for name, sentences in (("right", TRUE), ("wrong", TRUE), ("none", TRUE), ("nothing says it", FALSE)):
        took = []
        for number, sentence in enumerate(sentences):
            cited = (
                {proof.statement.hit for proof in prove(sentence, (), evidence).proofs} if name == "right" else set()
            )
            cited |= {0} if name == "wrong" else set()
            fresh = f"{sentence[:-1]}{' ' * (number + len(name))}."  # no cache has seen it
            began = time.process_time()
            prove(fresh, cited, evidence)
            took.append(1000 * (time.process_time() - began))
        print(f"{name:16} median {median(took):4.0f} ms, longest {max(took):4.0f} ms")


if __name__ == "__main__":
    main()
