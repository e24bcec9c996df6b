"""A sample of `make soak`: what the OpenAPI document describes is what a service does."""

from pathlib import Path

from tests.processes import environment, serving
from tests.soak.documented import asked, is_alive


def test_no_request_is_answered_with_a_fault_or_otherwise_than_documented(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0")
    with serving("serve", env=env, out=tmp_path / "out", log=tmp_path / "log") as (_, address):
        one = asked(address, tmp_path, phases="examples,fuzzing,stateful", each=15, seed=8)

        assert not one.failed, one.report
        assert one.requests > 300
        assert is_alive(address)
