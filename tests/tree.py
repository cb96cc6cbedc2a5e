"""The project's own files."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NO_TEXT = {".bin", ".png", ".safetensors", ".npz", ".pt"}


def tracked_files() -> list[Path]:
    """All that is, or would be, under version control, and can be read as text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in NO_TEXT]
