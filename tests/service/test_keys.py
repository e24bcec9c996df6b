"""The file of keys and the commands that change it: nothing secret in it, nothing lost, nothing half written."""

import asyncio
import errno
import json
import os
import re
import stat
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.owner import Owner
from service.errors import KeysUnusable
from service.keys import KeyFile, Keys
from tests.processes import BIN, environment, groundwire, serving, until

TOKEN = re.compile(r"gw_[0-9a-f]{8}_[0-9a-f]{64}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "keys.json"


def create(file: Path, name: str = "one", expires: datetime | None = None) -> str:
    return KeyFile(file).create(name, ["ask"], origins=(), requests=60, answers=4, expires=expires)[1]


def test_a_token_finds_its_key_and_is_kept_nowhere(file: Path) -> None:
    first, second = create(file, "one"), create(file, "two")
    keys = Keys(file)
    assert [found.name for one in (first, second) if (found := keys.find(one))] == ["one", "two"]
    assert TOKEN.fullmatch(first)
    for token in (first, second):
        assert token.rpartition("_")[2] not in file.read_text()
    id_of = {token: token.split("_")[1] for token in (first, second)}
    assert keys.find(first.replace(id_of[first], id_of[second])) is None
    assert keys.find(first + "\n") is None


def test_no_other_text_finds_a_key(file: Path) -> None:
    token = create(file)
    keys = Keys(file)
    place = st.integers(0, len(token) - 1)
    one = st.characters() | st.sampled_from("0123456789abcdefABCDEF")
    changed = st.builds(lambda at, new: token[:at] + new + token[at + 1 :], place, one)
    shorter = st.builds(lambda at: token[:at] + token[at + 1 :], place)
    longer = st.builds(lambda at, new: token[:at] + new + token[at:], place, one)

    @given(st.text() | st.from_regex(TOKEN, fullmatch=True) | changed | shorter | longer)
    @example(token[:12] + token[12:].upper())
    @example(f"{token} ")
    def finds_nothing(text: str) -> None:
        assert (keys.find(text) is not None) == (text == token)

    finds_nothing()


def test_the_file_is_for_its_owner_alone_also_in_place_of_one_that_was_not(file: Path) -> None:
    create(file)
    file.chmod(0o644)
    file.with_name("keys.json.new").write_text("of a command that was killed")
    before = os.umask(0)
    try:
        create(file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(KeyFile(file).keys()) == 2


def test_what_could_not_be_read_is_read_as_soon_as_it_can_be(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a mode, nor an owner, nor files that are open elsewhere change what `stat` says of a file."""
    token = create(file)
    keys = Keys(file)
    KeyFile(file).revoke("one")
    with monkeypatch.context() as failing:

        def read_bytes(_: Path) -> bytes:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        failing.setattr(Path, "read_bytes", read_bytes)
        for _ in range(3):
            keys.refresh()
        assert [key.name for key in keys.live] == ["one"]
        assert caplog.text.count("The keys stay as they were: ") == 1
    keys.refresh()
    found = keys.find(token)
    assert found
    assert found.ended


def test_a_first_file_that_cannot_be_read_ends_what_is_open_without_one(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert Keys(file).none_yet
    keys = Keys(file)
    file.parent.mkdir()
    file.write_text("{")
    for _ in range(3):
        keys.refresh()
        assert not keys.none_yet
    assert caplog.text.count("Nobody is admitted until there are keys: ") == 1
    file.unlink()
    keys.refresh()
    assert not keys.none_yet
    token = create(file)
    keys.refresh()
    assert keys.find(token)


def test_a_file_that_root_changes_stays_its_owners(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_to: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda _, user, group: given_to.append((user, group)))
    create(file)
    folder = file.parent.stat()
    old = os.stat_result((0o100600, 0, 0, 1, 4321, 8765, 0, 0, 0, 0))
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path, **options: old if path == file else real(path, **options))
    KeyFile(file).revoke("one")
    assert given_to == [(folder.st_uid, folder.st_gid), (4321, 8765)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_a_key_that_root_revokes_counts_no_more_for_a_service_of_another_user(file: Path) -> None:
    token = create(file)
    os.chown(file, 65534, 65534)
    KeyFile(file).revoke("one")
    seen = file.stat()
    assert (seen.st_uid, seen.st_gid, stat.S_IMODE(seen.st_mode)) == (65534, 65534, 0o600)
    found = Keys(file).find(token)
    assert found
    assert found.ended


def test_what_would_become_anothers_file_is_not_changed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fchown(*_: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "fchown", fchown)
    token = create(file)  # the folder may be another's
    KeyFile(file).revoke("one")  # it is ours, and only its group is not
    create(file, "two")
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    with pytest.raises(KeysUnusable, match="cannot be written: Operation not permitted"):
        KeyFile(file).revoke("two")
    assert [key.name for key in Keys(file).live] == ["two"]
    assert Keys(file).find(token)


async def test_a_disk_that_hangs_holds_up_nothing_and_a_change_is_seen_without_any_request(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.keys._EACH", 0.01)
    token = create(file)
    looking, go_on = threading.Event(), threading.Event()
    real = Path.stat

    def hanging(path: Path, **options: bool) -> os.stat_result:
        if path == file:
            looking.set()
            assert go_on.wait(60)
        return real(path, **options)

    async with Keys(file).watched() as keys:
        monkeypatch.setattr(Path, "stat", hanging)
        assert await asyncio.to_thread(looking.wait, 60)
        assert not keys.none_yet
        assert keys.find(token)
        assert len(keys.live) == 1
        go_on.set()
        KeyFile(file).revoke("one")
        await asyncio.to_thread(until, lambda: not keys.live, "that it was revoked")


def test_keys_that_are_made_at_once_are_all_there(file: Path) -> None:
    threads = [threading.Thread(target=create, args=(file, f"key {number}")) for number in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    made = KeyFile(file).keys()
    assert {key.name for key in made} == {f"key {number}" for number in range(12)}


def test_a_key_is_revoked_by_its_id_or_by_a_name_that_one_key_has(file: Path) -> None:
    for name in ("one", "two", "two"):
        create(file, name)
    keys = KeyFile(file)
    assert keys.revoke("one").name == "one"
    with pytest.raises(KeysUnusable, match=r"'one' was revoked on .* already"):
        keys.revoke("one")
    with pytest.raises(KeysUnusable, match=r"2 keys have the name 'two'\. Give the id of one: "):
        keys.revoke("two")
    keys.revoke(keys.keys()[2].id)
    assert keys.revoke("two").id == keys.keys()[1].id
    with pytest.raises(KeysUnusable, match="no key 'three'"):
        keys.revoke("three")
    assert Keys(file).live == []
    assert not Keys(file).none_yet


def test_an_expired_key_counts_no_more_and_is_still_known(file: Path) -> None:
    token = create(file, expires=datetime.now(UTC) + timedelta(milliseconds=200))
    keys = Keys(file)
    while keys.live:
        assert not keys.none_yet
    found = keys.find(token)
    assert found
    assert found.ended
    assert found.ended.startswith("has expired on ")


def test_a_file_that_is_being_changed_is_waited_for_and_not_for_ever(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(file)
    monkeypatch.setattr("service.keys._LOCKED", 0.05)
    with FileLock(f"{file}.lock"), pytest.raises(KeysUnusable, match="being changed by another command"):
        create(file)


@pytest.mark.parametrize("content", ["{", "[]", '{"keys": [{"id": "x"}]}', '{"keys": [], "more": 1}'])
def test_a_file_that_is_none_of_keys_is_named_and_left_as_it_is(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    for use in (lambda: Keys(file), lambda: create(file), lambda: KeyFile(file).keys()):
        with pytest.raises(KeysUnusable, match=rf"{re.escape(str(file))} is no file of keys .*GROUNDWIRE_KEYS"):
            use()
    assert file.read_text() == content


# The commands


def test_commands_make_list_and_revoke_keys(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    made = groundwire("keys", "create", "Web site", "--origin", "https://News.example/", "--expires", "90d", env=env)
    assert made.returncode == 0
    [token] = made.stdout.splitlines()
    assert TOKEN.fullmatch(token)
    assert "shown this once" in made.stderr
    other = json.loads(groundwire("keys", "create", "ci", "--scope", "write", "--json", env=env).stdout)
    assert (other["scopes"], other["requests"], other["answers"], other["expires"]) == (["write"], 60, 4, None)

    listed = groundwire("keys", "list", env=env)
    first, second = listed.stdout.splitlines()
    assert first.startswith(f"{token.split('_')[1]}  Web site: ask, read; 60 requests a minute; 4 answers at once; ")
    assert "for pages of https://news.example; until " in first
    assert second.endswith("ci: write; 60 requests a minute; 4 answers at once")

    revoked = groundwire("keys", "revoke", "ci", env=env)
    assert revoked.stdout == f"The key {other['id']} (ci) is revoked.\n"
    data = json.loads(groundwire("keys", "list", "--json", env=env).stdout)["keys"]
    assert [one["live"] for one in data] == [True, False]
    for shown in (listed.stdout, json.dumps(data), (tmp_path / "data" / "keys.json").read_text()):
        assert token.split("_")[2] not in shown
    assert "hash" not in json.dumps(data)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", ""], "it is no name"),
        (["create", "a\nb"], "it is no name"),
        (["create", "a", "--origin", "news.example"], "is no origin"),
        (["create", "a", "--origin", "*"], "leave it out"),
        (["create", "a", "--expires", "soon"], "it is no time such as 90d"),
        (["create", "a", "--expires", "0d"], "it is no time such as 90d"),
        (["create", "a", "--requests", "0"], "Invalid value for '--requests'"),
        (["create", "a", "--scope", "root"], "Invalid value for '--scope'"),
        (["revoke", "nobody"], "groundwire: There is no key 'nobody'."),
    ],
)
def test_what_is_wrong_with_a_command_is_said_in_a_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = groundwire("keys", *arguments, env=environment(tmp_path / "data"))
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "keys.json").exists() or arguments[0] == "revoke"


def test_a_service_that_others_reach_does_not_start_without_a_key(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0")
    for host in ("0.0.0.0", "::"):  # noqa: S104 - the point of it
        refused = groundwire("serve", "--host", host, env=env)
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1
        assert "groundwire keys create NAME" in refused.stderr
    file = tmp_path / "data" / "keys.json"
    create(file)
    KeyFile(file).revoke("one")
    assert "it has no key" in groundwire("serve", "--host", "0.0.0.0", env=env).stderr  # noqa: S104 - the same
    file.write_text("{")
    broken = groundwire("serve", env=env)
    assert (broken.returncode, len(broken.stderr.splitlines())) == (1, 1)
    assert f"{file} is no file of keys" in broken.stderr


def test_a_file_of_keys_that_is_named_must_be_there(tmp_path: Path) -> None:
    """Or a disk that is not mounted would open the service, to a proxy on this machine and so to all."""
    env = environment(tmp_path / "data", GROUNDWIRE_KEYS=str(tmp_path / "secrets" / "keys.json"))
    done = groundwire("serve", env=env)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "(GROUNDWIRE_KEYS) is not there" in done.stderr


def test_a_service_that_others_reach_starts_with_a_key_and_lets_nobody_else_in(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0", GROUNDWIRE_HOST="0.0.0.0")  # noqa: S104 - the same
    token = create(tmp_path / "data" / "keys.json")
    with serving("serve", env=env, out=tmp_path / "out", log=tmp_path / "log") as (_, address):

        def status(*headers: str) -> str:
            asked = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *headers, f"{address}/v1/models"]
            return subprocess.run(asked, check=True, capture_output=True, text=True).stdout

        assert status() == "401"
        assert status("-H", f"Authorization: Bearer {token}") == "200"
        assert status("-H", f"Authorization: Bearer {token}", "-H", "Host: any.example") == "200"
        assert groundwire("keys", "revoke", "one", env=env).returncode == 0
        until(lambda: status("-H", f"Authorization: Bearer {token}") == "401", "the key that was revoked")
        # Of this machine, by the owner's token; the key file has nothing to do with it.
        listed = subprocess.run([BIN / "groundwire", "articles"], env=env, check=False, capture_output=True, text=True)
        assert listed.returncode == 0, listed.stderr
    assert token.split("_")[2] not in (tmp_path / "log").read_text() + (tmp_path / "out").read_text()


def test_a_data_folder_that_is_made_is_its_owners_alone_and_one_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    for folder, mode in ((tmp_path / "made", 0o700), (there, 0o755)):
        Owner.acquire(folder).release()
        assert stat.S_IMODE(folder.stat().st_mode) == mode
    file = tmp_path / "keys" / "keys.json"
    KeyFile(file).create("a", ["ask"], origins=(), requests=1, answers=1, expires=None)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
