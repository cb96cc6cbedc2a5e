"""Mixtures: the same likelihood as an independent expectation-maximization, no collapse, and torch's contract."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import gammaln, ive, logsumexp
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from torch.distributions import Categorical

from svae_lib.distributions import VonMisesFisher, VonMisesFisherMixture
from svae_lib.distributions import expectation_maximization as em
from svae_lib.errors import InputError, InputWarning
from tests.distributions.registry import direction


def mixture(m: int, concentrations, shares=None, seed=3, radius=1.0) -> VonMisesFisherMixture:
    k = torch.tensor(concentrations, dtype=torch.float64)
    shares = torch.ones_like(k) if shares is None else torch.tensor(shares, dtype=torch.float64)
    return VonMisesFisherMixture(Categorical(shares), VonMisesFisher(direction(len(k), m, seed=seed), k, radius))


def draw(truth: VonMisesFisherMixture, n: int, seed=0):
    torch.manual_seed(seed)
    labels = truth.mixture_distribution.sample((n,))
    return truth.component_distribution.sample((n,))[torch.arange(n), labels], labels


# --- the likelihood ---


def scipy_em(z, start, steps, tied):
    """Expectation-maximization with SciPy's Bessel functions and root finder; mean log-likelihood, and k."""
    n, m = z.shape
    v = m / 2 - 1
    responsibilities = np.eye(len(start))[(z @ start.T).argmax(1)]
    for _ in range(steps):
        share = responsibilities.mean(0)
        mean = responsibilities.T @ z / n
        length = np.linalg.norm(mean, axis=1)
        ratio = np.full(len(start), length.sum()) if tied else length / share
        k = np.array([brentq(lambda k, r=r: ive(v + 1, k) / ive(v, k) - r, 1e-6, 1e4, xtol=1e-13) for r in ratio])
        log_c = v * np.log(k) - m / 2 * math.log(2 * math.pi) - np.log(ive(v, k)) - k
        log_joint = np.log(share) + log_c + k * (z @ (mean / length[:, None]).T)
        evidence = logsumexp(log_joint, axis=1, keepdims=True)
        responsibilities = np.exp(log_joint - evidence)
    return evidence.mean(), k


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("m", "concentrations"), [(2, (1.0, 9.0)), (3, (2.0, 20.0, 90.0)), (20, (10.0, 40.0, 60.0))])
def test_the_likelihood_is_that_of_an_independent_em_from_the_same_start(m, concentrations, tied):
    z, _ = draw(mixture(m, concentrations), 400)
    start = direction(len(concentrations), m, seed=8)
    for steps in (1, 30):
        options = dict(init=start, max_iter=steps, tol=-1.0, tied=tied)
        found = VonMisesFisherMixture.fit(z, len(start), **options)
        value, k = scipy_em(z.numpy(), start.numpy(), steps, tied)
        assert found.score(z) == pytest.approx(value, abs=1e-10)
        np.testing.assert_allclose(found.component_distribution.concentration, k, rtol=1e-7)


def test_the_bessel_function_of_the_oracle_is_the_density():
    """SciPy's normalizer at k = 7 in R^5 against gamma functions: the series of I_v at its first terms."""
    v, k = 1.5, 7.0
    series = sum(math.exp((v + 2 * j) * math.log(k / 2) - gammaln(j + 1) - gammaln(v + j + 1)) for j in range(60))
    assert ive(v, k) * math.exp(k) == pytest.approx(series, rel=1e-13)


@pytest.mark.parametrize("tied", [False, True])
def test_no_step_lowers_the_likelihood(tied):
    z, _ = draw(mixture(5, (1.0, 5.0, 30.0)), 300)
    values = [
        VonMisesFisherMixture.fit(z, 3, init=direction(3, 5, seed=8), max_iter=step, tol=-1.0, tied=tied).score(z)
        for step in (1, 2, 3, 4, 6, 9, 14, 20)
    ]
    assert (np.diff(values) > -1e-12).all() and values[-1] > values[0] + 1e-3


def test_one_component_is_the_maximum_likelihood_fit_also_of_points_close_together():
    for k in (0.5, 40.0, 1e12):
        z = VonMisesFisher(direction(6), k).sample((100,))
        single, found = VonMisesFisher.fit(z), VonMisesFisherMixture.fit(z, 1).component_distribution
        torch.testing.assert_close(found.concentration[0], single.concentration, rtol=1e-11, atol=0)
        torch.testing.assert_close(found.loc[0], single.loc, rtol=0, atol=1e-14)


def test_weights_are_copies_in_any_order():
    z, _ = draw(mixture(4, (3.0, 50.0)), 60)
    copies = torch.arange(60) % 3
    repeated = z.repeat_interleave(copies, 0)[torch.randperm(60, generator=torch.Generator().manual_seed(0))]
    weighted, copied = VonMisesFisherMixture.fit(z, 2, weights=copies), VonMisesFisherMixture.fit(repeated, 2)
    torch.testing.assert_close(weighted.log_prob(z), copied.log_prob(z), rtol=0, atol=1e-9)


# --- what it finds ---


def test_clusters_of_unequal_concentration_are_told_apart_as_well_as_can_be():
    """A narrow cluster beside wide ones: nearest centers cut the wide ones up, whatever the start."""
    ours, peers, best = [], {"k-means": [], "Gaussian": []}, []
    for seed in range(3):
        truth = mixture(3, (2.0, 40.0, 400.0), seed=seed)
        z, labels = draw(truth, 600, seed)
        best.append(adjusted_rand_score(labels, truth.predict(z)))
        ours.append(adjusted_rand_score(labels, VonMisesFisherMixture.fit(z, 3).predict(z)))
        peers["k-means"].append(adjusted_rand_score(labels, KMeans(3, n_init=4, random_state=0).fit_predict(z)))
        gaussian = GaussianMixture(3, covariance_type="spherical", n_init=4, random_state=0, max_iter=200)
        peers["Gaussian"].append(adjusted_rand_score(labels, gaussian.fit_predict(z.numpy())))
    assert np.mean(ours) > np.mean(best) - 0.03
    assert np.mean(ours) > np.mean(peers["k-means"]) + 0.2 and np.mean(ours) > np.mean(peers["Gaussian"]) - 0.01


def test_the_criterion_finds_the_number_of_components():
    """Parameters are counted by hand: 2 shares, 3 (m - 1) coordinates, and 3 concentrations, or 1."""
    z, _ = draw(mixture(3, (20.0, 40.0, 60.0)), 500)
    fits = [VonMisesFisherMixture.fit(z, k) for k in (1, 2, 3, 4, 5)]
    values = [fit.bic(z) for fit in fits]
    assert int(np.argmin(values)) == 2
    assert values[2] == pytest.approx((2 + 6 + 3) * math.log(500) - 2 * fits[2].log_prob(z).sum().item())
    tied = VonMisesFisherMixture.fit(z, 3, tied=True)
    assert tied.bic(z) == pytest.approx((2 + 6 + 1) * math.log(500) - 2 * tied.log_prob(z).sum().item())


def test_a_component_does_not_collapse_onto_one_point():
    """From a start on an outlier it would shrink for ever; of several starts one that does not collapse is taken."""
    z, _ = draw(mixture(3, (300.0,)), 100)
    z = torch.cat([z, -z[:1]])
    with pytest.warns(InputWarning, match="1 of 2 components shrank to the floor"):
        found = VonMisesFisherMixture.fit(z, 2, init=torch.stack([z[0], -z[0]]))
    spread = (z - VonMisesFisher.fit(z).loc).square().sum(-1).mean() / 2
    assert found.component_distribution.concentration.max().item() == pytest.approx(
        1 / (1e-4 * spread.item()), rel=0.01
    )
    assert found.log_prob(z).isfinite().all()
    wide = VonMisesFisherMixture.fit(z, 2, tied=True)
    assert wide.component_distribution.concentration.max() < 400

    def collapsed(y, shares, start, **options):
        return em.Components(*[None] * 3, torch.tensor([start is not healthy]), 5.0 if start is not healthy else 1.0)

    healthy, starts = object(), iter([object()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(em, "run", collapsed)
        patch.setattr(em, "_seeds", lambda *arguments: next(starts, healthy))
        patch.setattr(em, "spherical_k_means", lambda y, shares, start: start)
        options = dict(tied=False, n_init=2, max_iter=9, tol=0.1, min_spread=1e-4, init=None, seed=0)
        assert em.best_of_several(z, torch.ones(len(z)).double() / len(z), 2, **options).mean_log_likelihood == 1.0


@pytest.mark.filterwarnings("ignore:.*shrank to the floor")
@pytest.mark.parametrize("m", [2, 768, 3072])
def test_nothing_is_nan_in_any_dimension(m):
    """Random points have no clusters, and with 4 points in each of 10 components every fit is at its limit."""
    for z in (direction(40, m, seed=1), direction(40, m, seed=1).float(), direction(4, m).repeat(10, 1)):
        found = VonMisesFisherMixture.fit(z, 10)
        for value in (
            found.log_prob(z),
            found.predict_proba(z),
            found.mean,
            found.component_distribution.concentration,
        ):
            assert not value.isnan().any()
        assert found.log_prob(z).isfinite().all() and found.sample((3,)).isfinite().all()


# --- manners ---


def test_torchs_contract_holds():
    truth = mixture(4, (3.0, 30.0), shares=(1.0, 3.0), radius=2.0)
    z = truth.sample((5,))
    assert (z.shape, truth.batch_shape, truth.event_shape) == ((5, 4), (), (4,))
    by_hand = (truth.component_distribution.log_prob(z.unsqueeze(1)).exp() * torch.tensor([0.25, 0.75])).sum(-1).log()
    torch.testing.assert_close(truth.log_prob(z), by_hand)
    torch.testing.assert_close(truth.score_samples(z), by_hand)
    assert truth.support.check(z).all() and not truth.support.check(z / 2).any()
    assert truth.expand((3,)).log_prob(z.unsqueeze(1)).shape == (5, 3)
    assert truth.mean.shape == truth.variance.shape == (4,)
    for twin in (pickle.loads(pickle.dumps(truth)), copy.deepcopy(truth)):
        assert torch.equal(twin.log_prob(z), truth.log_prob(z))
    with pytest.raises(ValueError, match="scale them by radius"):
        truth.predict(z / 2)
    found = VonMisesFisherMixture.fit(truth.sample((200,)), 2, radius=2.0)
    assert found.support.check(found.sample((9,))).all()


def test_arrays_give_arrays_and_chunks_change_nothing(monkeypatch):
    truth = mixture(4, (3.0, 30.0))
    z, _ = draw(truth, 50)
    found = VonMisesFisherMixture.fit(z.float().numpy(), 2)
    assert found.component_distribution.loc.dtype == torch.float32
    proba, labels, scores = truth.predict_proba(z), truth.predict(z), truth.score_samples(z)
    monkeypatch.setattr("svae_lib.distributions.von_mises_fisher_mixture._MAX_ELEMENTS", 3 * 8)
    for method, expected in (("predict_proba", proba), ("predict", labels), ("score_samples", scores)):
        torch.testing.assert_close(getattr(truth, method)(z), expected)
        array = getattr(truth, method)(z.numpy())
        assert isinstance(array, np.ndarray)
        np.testing.assert_array_equal(array, expected)
    torch.testing.assert_close(proba.sum(-1), torch.ones(50).double())
    torch.testing.assert_close(truth.predict(z[0]), labels[0])


def test_a_seed_gives_the_same_mixture_and_torchs_state_is_not_used():
    z, _ = draw(mixture(3, (1.0, 1.0, 1.0)), 200)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = VonMisesFisherMixture.fit(z, 4, n_init=1, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    second = VonMisesFisherMixture.fit(z, 4, n_init=1, seed=1)
    assert torch.equal(first.component_distribution.loc, second.component_distribution.loc)
    other = VonMisesFisherMixture.fit(z, 4, n_init=1, seed=2)
    assert not torch.equal(first.component_distribution.loc, other.component_distribution.loc)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(n_components=4), "4 components of points"),
        (dict(n_components=0), "0 components of points"),
        (dict(n_components=2, init=torch.eye(3)), r"init \(3, 3\): give mean directions \(2, 3\)"),
        (dict(n_components=2, weights=torch.ones(2)), "do not fit points"),
        (dict(n_components=2, radius=2.0), "not on the sphere"),
    ],
)
def test_what_cannot_be_fitted_is_named(options, words):
    with pytest.raises(InputError, match=words):
        VonMisesFisherMixture.fit(torch.eye(3), **options)
