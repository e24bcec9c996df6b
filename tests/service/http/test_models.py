"""The service as a process beside a model's server as another: good, slow, cut and hostile replies, end to end."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.model_server import Reply
from tests.processes import ROOT, environment, groundwire, serving, started, until

KEY = "sk-secret-0123456789"
NAME = "openai-like/scripted"
TIMEOUT = 2.0  # seconds, of the service's model
BUY, PRICE = "India plans to buy 31 drones.", "The price of the drones is open."
TRUE = "India intends to purchase thirty-one drones."
# What the model does, by the words of the question; the article answers each of them.
ASKED = {
    "writes": (
        "How many drones does India plan to buy?",
        Reply([TRUE[:20], 0.05, f"{TRUE[20:]} [", "1] It paid $9 bn."]),
    ),
    "is slow": ("How many drones will India buy?", Reply([f"{TRUE} [1] The price ", 9.0, "is open."])),
    "hangs": ("How many drones would India buy?", Reply([0.01], end="hang")),
    "is cut": ("How many drones is India buying?", Reply([f"{TRUE} [1] The price of the "], end="cut")),
    "refuses the key": ("How many drones has India planned to buy?", Reply([f"Wrong key {KEY}"], status=401)),
    "has no quota": ("How many drones should India buy?", Reply(["Later"], status=429, headers={"retry-after": "60"})),
    "is broken": ("How many drones could India buy?", Reply([f"Bug at {KEY}"], status=500)),
    "says nothing": ("How many drones might India buy?", Reply([])),
    "talks rubbish": ("How many drones can India buy?", Reply(["}]<b>\ufffd\u0007 data: {", "]]> \ud83d %s{0}"])),
    "declines": ("How many drones may India buy?", Reply(["I'm sorry, but I can't ", "help with that."])),
    "cites nothing": ("How many drones did India plan to buy?", Reply([f"{TRUE} [0][99][^1", "2][7-9]"])),
    "never ends": (
        "How many drones shall India buy?",
        Reply([f"{TRUE} [1] ", *[f"Word {number} follows. [1] " for number in range(2000)]]),
    ),
    "lies": (
        "How many drones must India buy?",
        Reply(["India bought 41 drones from Russia. [1] ", "See https://evil.example. "]),
    ),
}


@dataclass
class Service:
    """A running service, and the log of its process."""

    address: str
    log: Path

    def ask(self, model: str, **body: object) -> dict[str, Any]:
        """Ask the question to which the model does this."""
        response = self.post({"question": ASKED[model][0], **body})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def post(self, body: object) -> httpx.Response:
        return httpx.post(f"{self.address}/v1/answers", json=body, timeout=20, trust_env=False)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("models")
    (folder / "drones.md").write_text(f"---\ntitle: Drones\n---\n{BUY}\n\n{PRICE}\n", encoding="utf-8")
    script = [asdict(reply) | {"pieces": list(reply.pieces), "when": question} for question, reply in ASKED.values()]
    (folder / "script.json").write_text(json.dumps(script), encoding="utf-8")
    command = [sys.executable, "-m", "tests.model_server", "--script", str(folder / "script.json")]
    env = environment(folder / "data")
    assert groundwire("ingest", str(folder / "drones.md"), env=env).returncode == 0
    with started(command, stdout=subprocess.PIPE, cwd=ROOT) as process, process.stdout or nullcontext() as printed:
        assert printed
        env |= {
            "GROUNDWIRE_LLM": NAME,
            "GROUNDWIRE_LLM_ALLOWED": "extractive",
            "GROUNDWIRE_LLM_BASE_URL": printed.readline().decode().strip(),
            "GROUNDWIRE_LLM_API_KEY": KEY,
            "GROUNDWIRE_LLM_TIMEOUT": str(TIMEOUT),
        }
        with serving("serve", "--port", "0", env=env, out=folder / "out", log=folder / "log") as (_, address):
            yield Service(address, folder / "log")


def test_a_model_writes_and_what_it_made_up_is_left_out(service: Service) -> None:
    answer = service.ask("writes")
    assert answer["text"] == f"{TRUE} [1]"
    assert answer["writer"] == NAME
    assert answer["citations"][0]["quote"] == BUY
    assert [notice["kind"] for notice in answer["notices"]] == ["left_out"]
    assert answer["usage"] == {"input_tokens": 100, "output_tokens": 10}


def test_a_sentence_is_sent_while_the_model_still_writes(service: Service) -> None:
    began = time.monotonic()
    body = {"question": ASKED["is slow"][0], "stream": True}
    with httpx.stream("POST", f"{service.address}/v1/answers", json=body, timeout=20, trust_env=False) as response:
        events = [
            (time.monotonic() - began, line.removeprefix("event: "))
            for line in response.iter_lines()
            if line.startswith("event: ")
        ]
    assert [name for _, name in events] == ["searched", "sentence", "answered"]
    assert events[2][0] - events[1][0] > TIMEOUT / 2  # it waited for the rest, and had sent what it had


@pytest.mark.parametrize("model", ["is slow", "is cut"])
def test_what_was_sent_before_the_model_broke_off_stands(service: Service, model: str) -> None:
    answer = service.ask(model)
    assert answer["text"] == f"{TRUE} [1]"
    assert (answer["writer"], [notice["kind"] for notice in answer["notices"]]) == (NAME, ["cut_short"])


@pytest.mark.parametrize(
    "model",
    ["hangs", "refuses the key", "has no quota", "is broken", "says nothing", "declines"],
)
def test_an_answer_comes_within_the_time_when_the_model_fails(service: Service, model: str) -> None:
    began = time.monotonic()
    answer = service.ask(model)
    assert time.monotonic() - began < TIMEOUT + 3
    assert answer["writer"] == "extractive"
    assert answer["text"] == f"{BUY} [1]"
    [notice] = answer["notices"]
    assert notice["kind"] == "fallback"
    assert KEY not in json.dumps(answer)


def test_rubbish_is_no_answer(service: Service) -> None:
    assert service.ask("talks rubbish")["abstained"]["reason"] == "not_supported"


def test_markers_that_name_no_passage_are_put_right(service: Service) -> None:
    answer = service.ask("cites nothing")
    assert answer["text"] == f"{TRUE} [1]"


def test_a_model_that_never_ends_is_left(service: Service) -> None:
    answer = service.ask("never ends")
    assert answer["text"] == f"{TRUE} [1]"


def test_a_model_that_lies_is_not_quoted(service: Service) -> None:
    answer = service.ask("lies")
    assert answer["abstained"]["reason"] == "not_supported"
    assert "evil" not in json.dumps(answer)
    marked = service.ask("lies", options={"on_unsupported": "mark"})
    assert marked["text"] == "India bought 41 drones from Russia. [unsupported]"
    assert "evil" not in json.dumps(marked)


def test_a_request_names_another_writer(service: Service) -> None:
    assert service.ask("lies", options={"model": "extractive"})["text"] == f"{BUY} [1]"
    refused = service.post({"question": "How many drones?", "options": {"model": "openai-like/other"}})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"field": "options.model", "message": f"must be one of {NAME}, extractive"}]


def test_the_log_says_what_failed_and_has_no_key(service: Service) -> None:
    service.ask("refuses the key")
    found = until(lambda: "HTTP 401" in service.log.read_text(encoding="utf-8"), "the refusal is in the log")
    assert found
    log = service.log.read_text(encoding="utf-8")
    assert KEY not in log
    assert "Traceback" not in log
