"""How many bytes of the sample articles a token has, and how many sentences of other texts are taken for orders.

    python benchmarks/prompts.py [--data FOLDER]

The tokens are those of MiniLM's tokenizer, which knows little but English. FOLDER has `summedits/claims.jsonl`,
`squad2/corpus.jsonl` and `clapnq/corpus.jsonl`; each sentence that is taken for an order is printed, to be judged.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from tokenizers import Tokenizer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from prompts.passage import tokens  # noqa: E402 - the repository is on the path from here on
from retrieval.furniture import quotable_spans  # noqa: E402
from retrieval.minilm import PACKAGE, TOKENIZER  # noqa: E402
from retrieval.readers import document_files, read  # noqa: E402
from service.orders import commands  # noqa: E402

FILES = (("summedits/claims.jsonl", "source_text"), ("squad2/corpus.jsonl", "text"), ("clapnq/corpus.jsonl", "text"))


def samples() -> list[str]:
    """Give the texts of the sample articles."""
    return [read(file).text for file in document_files([ROOT / "seeds" / "articles"])]


def others(folder: Path) -> Iterator[str]:
    """Give the texts of the labelled data, each once."""
    for name, field in FILES:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        yield from dict.fromkeys(json.loads(line)[field] for line in lines)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with summedits, squad2 and clapnq")
    arguments = parser.parse_args()
    missing = [name for name, _ in FILES if arguments.data and not (arguments.data / name).exists()]
    if missing:
        parser.error(f"there is no {' and no '.join(missing)} in {arguments.data}")
    texts = samples()
    tokenizer = Tokenizer.from_file(str(files(PACKAGE) / "model" / TOKENIZER))
    tokenizer.no_truncation()
    size = sum(len(text.encode()) for text in texts)
    counted = sum(len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)
    print(
        f"{size / counted:.2f} bytes a token; estimated {sum(map(tokens, texts)) / counted:.2f} times what is counted"
    )

    read_too = others(arguments.data) if arguments.data else ()
    lines = [line for text in (*texts, *read_too) for line in text.splitlines()]
    sentences = [(line[start:end], line) for line in lines for start, end in quotable_spans(line)]
    orders = [sentence for sentence, line in sentences if commands(sentence, line)]
    print(f"{len(orders)} of {len(sentences):,} sentences are taken for orders")
    for sentence in orders:
        print(f"  {sentence}")


if __name__ == "__main__":
    main()
