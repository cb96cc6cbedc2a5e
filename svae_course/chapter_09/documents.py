"""A corpus that every reader has: the docstrings of the installed packages, as directions of weighted words."""

import importlib
import inspect
import warnings
from functools import cache

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score

from svae_course.chapter_09.cases import clusters

SUBPACKAGES = (
    "numpy.random", "scipy.interpolate", "scipy.linalg", "scipy.ndimage", "scipy.optimize", "scipy.signal",
    "scipy.sparse", "scipy.special", "scipy.stats", "sklearn.linear_model", "sklearn.metrics", "torch.distributions",
    "torch.nn",
)  # fmt: skip
SHORTEST = 200  # characters: below, a docstring says little more than a name
WORDS = 500


@cache
def docstrings() -> tuple[list[str], np.ndarray]:
    """Docstrings of the public functions and classes of SUBPACKAGES, each text once.

    Returns:
        The texts, and for each its place in SUBPACKAGES, (n,). How many there are depends on what is installed.

    Example:
        >>> texts, labels = docstrings()
        >>> len(texts) > 1000, len(set(labels.tolist()))
        (True, 13)
    """
    texts, labels = {}, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a package may warn of what it will drop
        for label, name in enumerate(SUBPACKAGES):
            module = importlib.import_module(name)
            for public in sorted(getattr(module, "__all__", dir(module))):
                thing = getattr(module, public, None)
                text = (inspect.getdoc(thing) or "") if callable(thing) else ""
                if len(text) >= SHORTEST and text not in texts and not public.startswith("_"):
                    texts[text] = None
                    labels.append(label)
    return list(texts), np.array(labels)


def directions(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Texts as unit vectors: a coordinate is how often a word occurs, weighted by how rare it is elsewhere (tf-idf).

    Args:
        texts: n of them.

    Returns:
        (n, WORDS), and the words, (WORDS,).

    Example:
        >>> rows, words = directions(["normal samples of a normal distribution", "samples of an image", "an image"])
        >>> words.tolist(), np.linalg.norm(rows, axis=1).round(6).tolist()
        (['distribution', 'image', 'normal', 'samples'], [1.0, 1.0, 1.0])
    """
    vectorizer = TfidfVectorizer(
        stop_words="english", sublinear_tf=True, max_features=WORDS, token_pattern="[a-zA-Z]{3,}"
    )
    return vectorizer.fit_transform(texts).toarray(), vectorizer.get_feature_names_out()


def agreement(rows: np.ndarray, labels: np.ndarray, method: str, seeds: tuple[int, ...] = (0, 1, 2)) -> list[float]:
    """Normalized mutual information of clusters and subpackages: 1 where one tells the other, 0 where it tells nothing.

    Args:
        rows: (n, m), the documents.
        labels: (n,), their places in SUBPACKAGES.
        method: one of svae_course.chapter_09.cases.METHODS.
        seeds: of the starts.

    Returns:
        One value per seed.
    """
    models = [clusters(method, len(SUBPACKAGES), seed, starts=2) for seed in seeds]
    return [normalized_mutual_info_score(labels, model.fit_predict(rows)) for model in models]
