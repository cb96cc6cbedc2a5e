"""Write into run_files/README.md how radius and concentration head were chosen, from the stored runs of that sweep."""

import json
import re
from pathlib import Path

from marks import between
from results_table import cell

from svae_course.stored_files import sphere_settings
from svae_lib.comparison import LEVEL, compare, holm

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "run_files" / "README.md"
RUNS = ROOT / "notebooks" / "results" / "heads_mnist_5k.json"
START, END = "<!-- heads: written by make notebooks -->\n", "<!-- end of heads -->\n"
SPACES = ("s2", "s5", "s10", "s40", "5xs2", "10xs4", "40xs1")
DEFAULT = "√m, `inverse_variance`"
ARMS = {  # by name: the letter of the spaces, radius, head
    "1, `softplus` (the papers')": ("s", 1.0, "softplus"),
    "√m, `softplus`": ("s", "sqrt_m", "softplus"),
    "√m, `squared_softplus`": ("s", "sqrt_m", "squared_softplus"),
    "√m, `exp`": ("s", "sqrt_m", "exp"),
    DEFAULT: ("s", "sqrt_m", "inverse_variance"),
    "learned from 1, `softplus`": ("s", "learned from 1.0", "softplus"),
    "learned from √m, `inverse_variance`": ("s", "learned from sqrt_m", "inverse_variance"),
    "Power Spherical, √m, `inverse_variance`": ("p", "sqrt_m", "inverse_variance"),
    "Gaussian": ("e", None, None),
    "Gaussian, scale learned": ("e", "learned from 1.0", None),
}


def scores() -> dict[str, dict[str, list[float]]]:
    """Validation ELBOs over seeds, by arm and by space."""
    found = {name: {space: [] for space in SPACES} for name in ARMS}
    names = {arm: name for name, arm in ARMS.items()}
    for run in json.loads(RUNS.read_bytes()):
        letter = re.sub(r"[0-9x]", "", run["latent_space"])
        name, space = names.get((letter, *sphere_settings(run))), run["latent_space"].replace(letter, "s")
        if name is not None and space in SPACES:
            found[name][space].append(run["validation_elbo"])
    return found


def table() -> str:
    """A row for each arm, a column for each space; bold where Welch's test with Holm's correction separates it."""
    found = scores()
    pairs = [(name, space) for name in ARMS if name != DEFAULT for space in SPACES if len(found[name][space]) > 1]
    tests = holm([compare(found[name][space], found[DEFAULT][space]).welch for name, space in pairs])
    separated = {pair for pair, p in zip(pairs, tests, strict=True) if p < 1 - LEVEL}
    rows = ["| radius, head | " + " | ".join(SPACES) + " |", "|---|" + "---:|" * len(SPACES)]
    for name, by_space in found.items():
        texts = {space: cell(by_space[space]) for space in SPACES}
        cells = (f"**{text}**" if (name, space) in separated else text for space, text in texts.items())
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def with_table(page: str) -> str:
    """The page's text with the table in place of what is between its two marks."""
    return between(page, START, END, table())


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
