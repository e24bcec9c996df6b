"""The lock files of the clients: each package by its hash, from wherever whoever installs has packages."""

import json
from pathlib import Path

import pytest

LOCKS = sorted(Path(__file__).parent.glob("*/package-lock.json"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_a_lock_names_the_hash_of_each_package_and_no_place_to_download_it_from(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert installed
    for name, package in installed.items():
        assert "resolved" not in package, name
        assert package["integrity"].startswith("sha512-"), name
