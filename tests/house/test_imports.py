"""The law of imports: a room imports only from rooms below it (pyproject.toml, [tool.importlinter])."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hbreview.config import ROOT


def test_rooms_import_downward_only() -> None:
    command = Path(sys.executable).parent / "lint-imports"

    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
