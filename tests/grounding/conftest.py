"""The fixed questions of seeds/ are tests of this folder, one each, held against the run in baseline.json.

To write that anew: groundwire eval seeds/questions.yaml --baseline tests/grounding/baseline.json --write-baseline
"""

from pathlib import Path

import pytest

from evals.plugin import CaseTests
from service.settings import Settings

HERE = Path(__file__).parent
QUESTIONS = HERE.parents[1] / "seeds" / "questions.yaml"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path != HERE / "baseline.json":
        return None
    # No setting of the developer's: the baseline was written without any.
    settings = Settings.model_construct()
    collected: CaseTests = CaseTests.from_parent(parent, path=QUESTIONS, baseline=file_path, settings=settings)
    return collected
