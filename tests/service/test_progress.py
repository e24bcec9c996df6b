"""Long work says how far it has come: a bar on a terminal, a line now and then elsewhere, all on stderr."""

import re

import pytest

from service.progress import progress


def test_without_a_terminal_it_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = iter([0.0, 1.0, 10.0, 11.0, 20.0])
    monkeypatch.setattr("service.progress.time.monotonic", lambda: next(moments))

    with progress("Ingesting", "ingested") as show:
        show(1, 40)
        show(10, 40, 500)
        show(11, 40, 550)
        show.say("skipped a.md: empty")
        show(12, None)

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "ingested 10 of 40 articles, 50 passages/s, 0:00:30 left",
        "skipped a.md: empty",
        "ingested 12 articles",
    ]


def test_on_a_terminal_it_is_a_bar_of_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)

    with progress("Ingesting", "ingested") as show:
        show(1_000, 20_000, 2_400)
        show.say("skipped a.md: empty")

    err = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)  # colours, and what moves the cursor
    assert "skipped a.md: empty" in err
    assert "1000/20000 articles" in err
