"""Take every address out of npm's lock files: those of who wants to be paid for a package, which npm puts there."""

import json
import sys
from pathlib import Path

for name in sys.argv[1:]:
    lock = json.loads(Path(name).read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package.pop("funding", None)
    Path(name).write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
