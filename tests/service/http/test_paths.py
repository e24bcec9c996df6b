"""Paths and names of strangers: none leads to a file of the service, to a path outside it, or into a page as markup."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.processes import environment, groundwire, serving, until
from tests.service.http.test_pages import BROWSER, Read

STEPS = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "..\\",
    "....//",
    "..;/",
    "%252e%252e%252f",
    "..%c0%af",
    "./../",
)
PREFIXES = ("/web/", "/articles/", "/v1/articles/", "/v1/jobs/", "/v1/models/", "/schema/", "/")
FILES = ("keys.json", "owner.json", "jobs/jobs.sqlite3", "pyproject.toml", "etc/passwd")
SECRETS = (b'"hash"', b'"token"', b"SQLite format", b"[project]", b"root:")


@dataclass
class Served:
    """A service with keys: its folders, its address, and a key that may do all."""

    folder: Path
    address: str
    key: str

    def get(self, path: str, accept: str = "*/*") -> tuple[int, bytes, str]:
        """Ask for a path as it is: other clients walk its steps before they send it."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=20)
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.putheader("authorization", f"Bearer {self.key}")
        connection.putheader("accept", accept)
        connection.endheaders()
        response = connection.getresponse()
        found = response.status, response.read(), response.headers.get("content-type", "")
        connection.close()
        return found

    def files(self) -> set[str]:
        """Name all files around the service's own folder."""
        return {str(one) for one in self.folder.rglob("*") if not one.is_relative_to(self.folder / "deep" / "data")}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("paths")
    env = environment(folder / "deep" / "data")
    made = groundwire("keys", "create", "all", "--scope", "admin", "--requests", "100000", "--json", env=env)
    assert made.returncode == 0, made.stderr
    with serving("serve", "--port", "0", env=env, out=folder / "out", log=folder / "log") as (_, address):
        yield Served(folder, address, json.loads(made.stdout)["key"])


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_path_leads_to_a_file_of_the_service(served: Served, prefix: str) -> None:
    assert (served.folder / "deep" / "data" / "keys.json").exists()
    for step in STEPS:
        for file in FILES:
            for path in (f"{prefix}{step * 4}{file}", f"{prefix}{step}{file}", f"{prefix}{step * 2}data/{file}%00.css"):
                status, body, _ = served.get(path)
                assert status in {400, 404, 405, 422}, (path, status)
                assert not any(secret in body for secret in SECRETS), path


@pytest.mark.parametrize(
    "path", ["//etc/passwd", "/web//etc/passwd", "/web/%7f", "/%00", "/web/%", "/%ff", "/..", "/web/..;/"]
)
def test_a_path_that_is_none_is_a_clients_error(served: Served, path: str) -> None:
    assert served.get(path)[0] in {400, 404, 405, 422}
    assert served.get("/health/live")[0] == 200


def test_the_names_of_files_that_are_sent_lead_nowhere(served: Served) -> None:
    before = served.files()
    names = [
        "../../../evil.md",
        "..\\..\\evil.md",
        "/etc/evil.md",
        "....//....//evil.md",
        "a/../../../../evil.md",
        "~/evil.md",
    ]
    with httpx.Client(base_url=served.address, trust_env=False) as client:
        client.headers["authorization"] = f"Bearer {served.key}"
        files = [("f", (name, f"# {number}\n\nWords {number}.".encode())) for number, name in enumerate(names)]
        job = client.post("/v1/articles", files=files).json()["id"]
        until(lambda: client.get(f"/v1/jobs/{job}").json()["status"] == "done", "the job ends")
        items = client.get(f"/v1/jobs/{job}").json()["items"]
    assert {item["outcome"] for item in items} == {"created"}, items
    assert served.files() == before
    assert not list(served.folder.rglob("*evil*"))


@pytest.mark.parametrize(
    "path",
    [
        "/<script>alert(1)</script>",
        "/articles/<script>alert(1)</script>",
        "/articles/%3Cscript%3Ealert(1)%3C/script%3E",
        "/articles/\"onmouseover='alert(1)'x=\"",
        "/articles/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
        "/articles/javascript:alert(1)",
        "/articles?page=%22%3E%3Csvg/onload=alert(1)%3E",
        "/articles?<img src=x onerror=alert(1)>=1",
        "/articles/x?version=%3Cscript%3Ealert(1)%3C/script%3E",
        "/articles/x?start=%3Cscript%3E&end=%22onload=%22",
        "/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ],
)
def test_what_a_path_says_is_no_markup_of_the_page_that_answers(served: Served, path: str) -> None:
    for accept in (BROWSER["accept"], "*/*"):
        _, body, kind = served.get(path.replace(" ", "%20"), accept)
        if not kind.startswith("text/html"):
            assert kind.startswith(("application/problem+json", "text/plain")), kind
            continue
        read = Read(body.decode())
        assert not {"script", "img", "svg", "iframe", "object", "embed"} & {name for name, _ in read.elements}
        names = {name for _, attributes in read.elements for name in attributes}
        assert not [name for name in names if name.startswith("on")]
        links = [link for link in read.links() if link]
        assert not [link for link in links if link.strip().lower().startswith(("javascript:", "data:", "//", "http"))]
