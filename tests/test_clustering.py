"""The estimator has scikit-learn's manners, by scikit-learn's own checks, and takes directions alone."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from svae_lib import VonMisesFisherClustering
from svae_lib.distributions import VonMisesFisherMixture
from svae_lib.errors import InputError


@pytest.mark.filterwarnings("ignore")  # of data that scikit-learn makes for other estimators
@parametrize_with_checks([VonMisesFisherClustering()])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.fixture
def rows():
    """Three clusters of directions, of every length."""
    random = np.random.default_rng(0)
    X = np.repeat(np.eye(4)[:3], 40, axis=0) + 0.1 * random.normal(size=(120, 4))
    return X * random.uniform(1e-3, 1e3, size=(120, 1))


def test_the_length_of_a_row_does_not_count(rows):
    estimator = VonMisesFisherClustering(3, random_state=0).fit(rows)
    assert [len(set(estimator.labels_[start : start + 40])) for start in (0, 40, 80)] == [1, 1, 1]
    assert isinstance(estimator.mixture_, VonMisesFisherMixture) and len(set(estimator.labels_)) == 3
    np.testing.assert_array_equal(estimator.predict(1e200 * rows), estimator.labels_)
    np.testing.assert_array_equal(estimator.predict(1e-250 * rows), estimator.labels_)
    np.testing.assert_array_equal(estimator.predict(torch.from_numpy(rows)), estimator.labels_)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert estimator.score(rows) == pytest.approx(estimator.mixture_.score(unit))
    assert estimator.bic(rows) == pytest.approx(estimator.mixture_.bic(unit))
    np.testing.assert_allclose(estimator.score_samples(rows), estimator.mixture_.score_samples(unit))


def test_a_row_of_zeros_weighs_nothing(rows):
    bare = VonMisesFisherClustering(3, random_state=0).fit(rows)
    padded = VonMisesFisherClustering(3, random_state=0).fit(np.vstack([rows, np.zeros((9, 4))]))
    np.testing.assert_allclose(padded.concentrations_, bare.concentrations_, rtol=1e-9)
    np.testing.assert_allclose(padded.predict_proba(np.zeros((1, 4)))[0], padded.weights_)
    assert padded.score(np.vstack([rows, np.zeros((9, 4))])) == pytest.approx(bare.score(rows))


def test_it_works_in_a_pipeline_and_a_grid_search(rows):
    pipeline = make_pipeline(FunctionTransformer(), VonMisesFisherClustering(random_state=0))
    search = GridSearchCV(
        pipeline, {"vonmisesfisherclustering__n_components": [1, 3]}, cv=KFold(3, shuffle=True, random_state=0)
    ).fit(rows)
    assert search.best_params_ == {"vonmisesfisherclustering__n_components": 3}
    assert clone(pipeline[-1]).get_params() == pipeline[-1].get_params()
    assert (
        clone(pipeline[-1])
        .set_params(tied=True)
        .fit(rows)
        .mixture_.component_distribution.concentration.unique()
        .numel()
        == 1
    )


def test_what_did_not_converge_or_cannot_be_fitted_says_so(rows):
    with pytest.warns(ConvergenceWarning, match="max_iter=1 steps"):
        VonMisesFisherClustering(2, max_iter=1).fit(rows)
    with pytest.raises(InputError, match="n_samples=2 of weight above zero, n_components=3"):
        VonMisesFisherClustering(3).fit(rows[:2])
    with pytest.raises(ValueError, match="minimum of 2"):
        VonMisesFisherClustering(3).fit(rows[:, :1])
