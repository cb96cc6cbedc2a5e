"""The part of the package that pyproject.toml cannot say: JupyterLab's renderer of panels goes where JupyterLab looks.

The folders of ES modules are mirrored there, so that their relative imports lead to each other.
"""

from collections import defaultdict
from pathlib import Path

from setuptools import Distribution, setup

PLACE = "share/jupyter/labextensions/svae-panels"
SOURCES = ("svae_lib/widgets/*.js", "svae_course/*/*.js", "svae_course/panel_data/*.bin")


class WithRenderer(Distribution):
    """A distribution whose data_files are installed by `pip install --editable` too, which asks has_data."""

    def has_data(self) -> bool:
        return self.has_data_files()


def data_files() -> dict[str, list[str]]:
    """Files by the folder that they are installed in, below sys.prefix."""
    entry = "svae_lib/widgets/labextension"
    files = defaultdict(list, {PLACE: [f"{entry}/package.json"], f"{PLACE}/static": [f"{entry}/remoteEntry.js"]})
    for path in sorted(path for pattern in SOURCES for path in Path().glob(pattern)):
        files[f"{PLACE}/static/{path.parent.as_posix()}"].append(path.as_posix())
    return files


setup(distclass=WithRenderer, data_files=list(data_files().items()))
