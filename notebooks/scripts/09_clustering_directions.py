# ---
# jupyter:
#   jupytext:
#     formats: notebooks///ipynb,notebooks/scripts///py:percent
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 9 · Clustering directions
#
# **Which directions belong together?**
#
# 40 minutes. You need chapters [1](01_vmf_sampling.ipynb) and [2](02_kl_across_dimensions.ipynb): what a von
# Mises-Fisher distribution is, and what its concentration means. By the end you will be able to
#
# - cluster directions by a mixture of von Mises-Fisher distributions, and write its EM algorithm in 13 lines;
# - say where k-means does as well or better, and where it must fail;
# - choose the number of clusters, and recognize data that have none.
#
# Previous: [8 · Other distributions on the sphere](08_other_distributions.ipynb) ·
# Next: [10 · Your own data](10_your_own_data.ipynb)

# %% [markdown]
# ## The question
#
# Some data are directions: a place on the earth, a wind, a text whose words count only in proportion. Which of them
# belong together? k-means cuts the sphere halfway between centers. A *mixture* of von Mises-Fisher (vMF)
# distributions says more:
#
# $$q(z) = \sum_{j=1}^{K} p_j \, C_m(\kappa_j) \, e^{\kappa_j \langle \mu_j, z \rangle}$$
#
# Each cluster has a mean direction $\mu_j$, a share $p_j$ of the points, and a concentration $\kappa_j$. All $\kappa_j$
# may be *free*, or *tied* to one common value. A point belongs to the clusters by degrees, its *responsibilities*: the
# share of each term in the sum.
#
# Our data are the world's airports, from the package airportsdata (MIT license): 28,000 directions on $S^2$, nearly
# half of them in the United States.

# %% [markdown]
# ## Predict
#
# Write down your answers before you go on.
#
# 1. Fit two clusters to the airports, with $\kappa$ free. Where will the two be?
# 2. And with one $\kappa$ for both?
# 3. How many clusters will a criterion such as BIC choose for the airports: 4, 7, 16, or more?

# %%
import numpy as np
import torch
from sklearn.metrics import adjusted_rand_score

from svae_course.chapter_09 import cases, documents, figures
from svae_course.chapter_09 import exercises as check
from svae_course.chapter_09.airports import directions, stored_fits
from svae_course.chapter_09.panel import ClustersPanel
from svae_course.checking import progress
from svae_lib import VonMisesFisher, VonMisesFisherClustering, VonMisesFisherMixture

airports = torch.from_numpy(directions())
print(f"{len(airports) // 1000},000 airports in R^{airports.shape[1]}")

# %% [markdown]
# Run this cell first (Shift+Enter); every cell below then runs alone. With another release of the list of airports, the
# last digits below may differ.
#
# ## Airports on the globe
#
# Drag the globe, change the number of clusters, switch $\kappa$ between free and tied. A circle holds half of its
# cluster's probability. The mixtures were fitted to all airports by
# `python -m svae_course.chapter_09.airports`, and stored; the globe shows one airport in eleven.

# %%
ClustersPanel()

# %% [markdown]
# With $\kappa$ free the circles differ widely: small ones on dense regions, and a large one around whatever is left.
# With $\kappa$ tied all circles have one size. The status line gives each $\kappa$, how many airports belong to no
# cluster with 90 % certainty, and a score on airports that were held out. Press "two, free κ", then "two, one κ".

# %%
figures.maps((("free", 2), ("tied", 2)), "Two clusters: each with its own κ, and with one κ for both")

# %% [markdown]
# On the left, one cluster is North America, and the other is everything else: a broad component, as a background for
# the narrow one. (Its circle holds the north pole, and runs over the upper edge of the map.) On the right, one $\kappa$
# has to fit both, and the sphere is cut into two parts, with a wide band of doubt between them. Only the left answer
# says that North America is unlike the rest. These are the answers to the first two questions.

# %%
for kind in ("free", "tied"):
    fit = stored_fits()[kind, 2]
    clusters = zip(fit["share"], fit["concentration"], strict=True)
    print(f"{kind}:", ", ".join(f"{share:.0%} at kappa = {kappa:.3g}" for share, kappa in clusters))

# %% [markdown]
# ## Responsibilities
#
# How far does airport $i$ belong to cluster $j$? As far as $j$ accounts for the density there: $r_{ij}$ is the $j$-th
# term of $q(z_i)$, divided by the whole sum.

# %%
figures.maps((("free", 6),), "Six clusters; black airports belong to none with 90 % certainty")

# %% [markdown]
# Black airports lie where components overlap, and where a narrow one ends inside the broad one. k-means would assign
# each of them to one cluster silently. The responsibilities are the E step of the algorithm that finds the mixture.
#
# ## Expectation-maximization
#
# If we knew the responsibilities $r_{ij}$, each component would be a weighted maximum likelihood fit; if we knew the
# components, the responsibilities would be a formula. EM alternates between the two. Its M step is
#
# $$\mu_j = \frac{s_j}{|s_j|}, \quad s_j = \sum_i r_{ij} z_i, \qquad
# A_m(\kappa_j) = R_j = \frac{|s_j|}{\sum_i r_{ij}}, \qquad p_j = \frac1n \sum_i r_{ij}$$
#
# with the ratio $A_m$ of chapter 2. A short mean vector, small $R_j$, means a spread-out cluster. Close to the root of
# the middle equation is $R(m - R^2)/(1 - R^2)$, and that is good enough to begin with.
#
# ### From scratch


# %%
def em(z, mu, steps=40):
    K, m = mu.shape
    share, kappa, history = torch.full((K,), 1 / K), torch.full((K,), 10.0), []
    for _ in range(steps):
        log_joint = share.log() + VonMisesFisher(mu, kappa).log_prob(z[:, None])
        history.append(log_joint.logsumexp(1).mean())
        r = log_joint.softmax(1)  # E step
        total = r.T @ z  # M step
        length = total.norm(dim=1)
        R = length / r.sum(0)
        mu, share = total / length[:, None], r.mean(0)
        kappa = R * (m - R**2) / (1 - R**2)
    return share, mu, kappa, torch.stack(history)


# %%
figures.climbs(em, airports[::20])

# %% [markdown]
# No step goes down: this is EM's guarantee, up to the approximate $\kappa$. But it ends at different heights, because
# each start leads to its own local maximum, and a slope that seems flat may rise again later. So one run says little.
# Take several starts and keep the best.
#
# ### The same with svae_lib
#
# `VonMisesFisherMixture.fit` solves for $\kappa$ exactly, starts by k-means++ several times, and keeps every component
# from collapsing onto a single point, where the likelihood has no bound. `VonMisesFisherClustering` is the same in
# scikit-learn's manner.

# %%
thinned = airports[::10]
ours = VonMisesFisherMixture.fit(thinned, 5)
vmf = ours.component_distribution
share, mu, kappa, history = em(thinned, vmf.loc)
model = VonMisesFisherClustering(5, random_state=0).fit(thinned)
print(f"mean log-likelihood: from scratch {history[-1]:.2f}, svae_lib {ours.score(thinned):.2f}")
print(f"scikit-learn's manner {model.score(thinned):.2f}, clusters {len(set(model.labels_))}")

# %% [markdown]
# ## k-means, mixture, or neither?
#
# Three cases where we know the truth, six sets of points each. The score is the adjusted Rand index: 1 where the
# clusters are the true groups, 0 on average by chance.

# %%
figures.three_cases()

# %% [markdown]
# Each upper picture looks at the sphere from outside, near and far side together. Left: 20 points in each of three
# groups of one concentration. k-means and one $\kappa$ assume what is true there, and lie together; three free ones are
# two more numbers to estimate from few points, and lie behind. Middle: a narrow group beside a broad one. k-means and
# one $\kappa$ cut the broad group in two, and more points do not cure that. Right: a uniform cloud has no groups, yet
# each method returns three. There the score compares two clusterings of the same points: by clusters found in them, and
# by clusters found in another sample.

# %%
for case in cases.CASES:
    means = [f"{method} {np.mean(scores):.1f}" for method, scores in cases.scores(case).items()]
    print(f"{case}:", ", ".join(means))
print("BIC of the cloud, above one component:", {k: round(v) for k, v in cases.bic_of_uniform_points().items()})

# %% [markdown]
# The index of the cloud is not 0, since any three parts of about equal size cover a sphere in similar ways, but it is
# low. Clusters that do not come back in a second sample describe the sample. The BIC, which comes below, says the same:
# one component is best for the cloud, since every number above 0 is worse.
#
# ## Documents
#
# A corpus that you have already: the docstrings of NumPy, SciPy, scikit-learn and torch, 13 subpackages. Each text
# becomes 500 weighted word counts (tf-idf) of length 1, a direction in $\mathbb{R}^{500}$. Do the clusters find the
# subpackages? What follows depends on the versions that you have installed, so your numbers may differ from ours.

# %% tags=["nbval-ignore-output"]
texts, labels = documents.docstrings()
rows, words = documents.directions(texts)
print(f"{len(texts)} docstrings of {len(documents.SUBPACKAGES)} subpackages")
best = VonMisesFisherClustering(13, tied=True, random_state=0).fit(rows)
figures.contents(labels, best.labels_, rows, words)

# %% [markdown]
# Half of SciPy's subpackages have a cluster of their own, because they have words of their own. `scipy.stats` and
# `scipy.special` are cut into several, those of scikit-learn share one, as those of torch do, and "kind, subok" is the
# boilerplate of NumPy's ufuncs. The clusters answer "which texts use the same words", which is not quite what the
# subpackages answer.

# %% tags=["nbval-ignore-output"]
for method in cases.METHODS:
    scores = documents.agreement(rows, labels, method)
    print(f"{method:17}", "  ".join(f"{score:.2f}" for score in scores))

# %% [markdown]
# This is the normalized mutual information with the subpackages (1 where one tells the other), for three random starts
# each. k-means and the mixture with one $\kappa$ differ by no more than k-means does between its starts: no easy
# winner. When we ran it, a free $\kappa$ stayed a little below both, as it did for the few points above: 13
# concentrations are more to estimate. And the responsibilities mislead here. In $\mathbb{R}^{500}$ log densities differ
# by tens of nats, so nearly every text looks certain, although two random starts do not agree:

# %% tags=["nbval-ignore-output"]
certainty = best.predict_proba(rows).max(1)
agree = adjusted_rand_score(best.labels_, VonMisesFisherClustering(13, tied=True, random_state=1).fit_predict(rows))
print(f"{(certainty > 0.99).mean():.0%} of the texts are 99 % certain of their cluster")
print(f"adjusted Rand index of two random starts: {agree:.2f}")

# %% [markdown]
# ## How many clusters?
#
# Two criteria, in one unit. The BIC adds a penalty for parameters to the likelihood of the data that were fitted; the
# held-out likelihood fits one half, and scores the other:
#
# $$\mathrm{BIC} = p \log n - 2 \sum_i \log q(z_i), \qquad p = K m - 1 + (K \text{ or } 1)$$
#
# where $p$ counts shares, mean directions, and concentrations that are free or tied.

# %%
figures.how_many(documents.directions(documents.docstrings()[0])[0])

# %% [markdown]
# Left: 500 points of four vMF distributions. Both criteria turn at four, as they should. Middle: on the airports both
# go down as far as we looked, to 24. Coasts and countries are no vMF distributions, and 28,000 points are enough to
# describe one more region with each further component. So the answer to the third question is "more": the number is a
# resolution, not a property of the airports. Right: the documents, where it is the same up to 40, three times the
# number of subpackages, although the BIC's penalty counts 500 numbers for each cluster. Where neither turns, ask what
# the clusters are for.
#
# ## Exercises
#
# Each check prints one line and plots your answer against the truth. ★ takes 5 minutes, ★★ 15, ★★★ 30.
#
# ### Exercise 9.1 ★★: the M step's $\kappa$
#
# You get points `z` of $S^2$, shape `(n, 3)`, and the responsibilities `r` of one component for them, shape `(n,)`.
# Return the maximum likelihood $\kappa$ of that component, a number. On $S^2$ the ratio is
# $A_3(\kappa) = 1/\tanh\kappa - 1/\kappa$, which rises from 0 to 1. The check goes from $\kappa = 0.5$ to 20,000, to
# four digits.


# %%
def concentration(z, r):
    return None


check.ex9_1(concentration)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $R$ is the length of the weighted sum of the points, over the sum of the weights. Bisect in $\log\kappa$, with plenty
# of room at both ends.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def concentration(z, r):
#     R = (r @ z).norm() / r.sum()
#     low, high = 1e-6, 1e9
#     for _ in range(100):
#         middle = (low * high) ** 0.5
#         k = torch.tensor(middle, dtype=torch.float64)
#         low, high = (middle, high) if 1 / k.tanh() - 1 / k < R else (low, middle)
#     return middle
# ```
#
# The approximation $R(3 - R^2)/(1 - R^2)$ is right at both ends, and up to 5 % off in between, near $\kappa = 5$.
# svae_lib begins Newton's method there.
#
# </details>

# %% [markdown]
# ### Exercise 9.2 ★★: the E step
#
# Given points `z`, shape `(n, 3)`, and a mixture on $S^2$, `share` `(K,)`, `mu` `(K, 3)`, `kappa` `(K,)`, return the
# responsibilities, shape `(n, K)`. The density's constant is $C_3(\kappa) = \kappa / (4\pi\sinh\kappa)$. The check goes
# up to $\kappa = 2000$. With exercise 9.1 this is a whole step of EM.


# %%
def responsibilities(z, share, mu, kappa):
    return None


check.ex9_2(responsibilities)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Stay with logarithms, and let `softmax` return from them. $\log(2\sinh\kappa) = \kappa + \log(1 - e^{-2\kappa})$.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def responsibilities(z, share, mu, kappa):
#     log_c = kappa.log() - kappa - torch.log(2 * torch.pi * (1 - torch.exp(-2 * kappa)))
#     return (share.log() + log_c + kappa * (z @ mu.T)).softmax(1)
# ```
#
# Leave out the shares and the constants, and let $\kappa$ grow without end: the rows become 0 and 1, and EM becomes
# spherical k-means.
#
# </details>

# %% [markdown]
# ### Exercise 9.3 ★: how many caps does a continent take?
#
# In the panel, set four clusters with $\kappa$ free, and note the held-out score. Switch to tied. How many clusters
# does it take until the score is as high? Return this number, and the number of the sentence that explains it:
#
# 1. A free $\kappa$ is a further parameter, and more parameters always score higher.
# 2. One free component can be broad and hold what is scattered; equal ones must tile it.
# 3. EM with a tied $\kappa$ gets stuck more often.


# %%
def reading():
    return None


check.ex9_3(reading)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Higher is better, and the scores are negative. Look at the circles as you switch: which airports does the largest free
# one hold, and what holds them when there is only one size?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def reading():
#     return 7, 2
# ```
#
# Four free components spend one, with $\kappa$ near 3, on all that lies between Europe, Africa and Asia. With one size
# for all, several circles have to cover the same ground, while North America gets a circle that is too large for it.
#
# </details>

# %% [markdown]
# ### Exercise 9.4 ★★★: fool each of them
#
# Build two cases of 400 points on $S^2$, the first 200 of them one group, the others a second group; return both, shape
# `(2, 400, 3)`. In the first case, k-means with two clusters must miss the groups (adjusted Rand index 0.5 or less:
# some 60 points in the wrong cluster), and the mixture of two components with free $\kappa$ must find them (0.9 or
# more: at most 10 points). In the second case it is the other way around.
#
# What does each of them want? k-means cuts halfway between two means, whatever the spreads are. The mixture wants the
# highest likelihood, whatever your groups are. How likely is a cut? For points of a vMF on $S^2$ the mean log density
# is about $\log\kappa$ plus a constant. So a component with $n$ points adds about $n \log\kappa$ nats, where $1/\kappa$
# is the mean of $1 - \langle\mu, z\rangle$ over these points (as long as $\kappa$ is above 2 or so). Add this up for
# your two groups, and for another cut into two: the mixture takes what is higher. Your groups need not be vMF
# distributions. (The check starts EM in dense regions too, so that no local maximum hides a likelier cut.)


# %%
def fools():
    return None


check.ex9_4(fools)

# %% [markdown]
# <details><summary>Hint</summary>
#
# First case: what did k-means do in the middle picture above? Put the narrow group inside a broad one. Second case: a
# group of 120 points at $\kappa = 10{,}000$ and 80 at $\kappa = 10$ has $\kappa \approx 25$ as a whole. What do its
# 200 points add as one component, and what do the 120 alone?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def fools():
#     torch.manual_seed(0)
#
#     def cloud(angle, kappa, n):
#         a = torch.tensor(angle)
#         return VonMisesFisher(torch.stack([a.cos(), a.sin(), 0 * a]), kappa).sample((n,))
#
#     first = torch.cat([cloud(0.0, 1000.0, 200), cloud(1.0, 1.0, 200)])
#     core_and_halo = torch.cat([cloud(0.0, 10_000.0, 120), cloud(0.0, 10.0, 80)])
#     second = torch.cat([core_and_halo, cloud(1.5, 10.0, 200)])
#     return torch.stack([first, second])
# ```
#
# In the second case your groups add $200 \log 25 + 200 \log 10 = 1104$ nats. The core alone adds
# $120 \log 10{,}000 = 1105$, and the other 280 points, at $\kappa \approx 3.4$, some 340 more. So the mixture takes the
# core as one component, and leaves the halo to the other group. It is no failure of EM: under the model, that is the
# better explanation. EM may well fail to find it: starts by k-means++ alone can end hundreds of nats below, at your
# groups.
#
# </details>

# %%
progress()

# %% [markdown]
# Filled discs are the exercises that you have solved on this machine, over all chapters; the record stays in a file
# beside the notebooks.
#
# ## What we saw
#
# - A mixture of vMF distributions gives each cluster a direction, a share and a concentration; with $\kappa$ free, one
#   broad component can hold the background of narrow ones.
# - k-means is as good as any where groups are alike in spread; a free $\kappa$ is ahead where they differ; and where
#   there are no groups, all methods return some.
# - BIC and held-out likelihood find the number of components where the model is right. On the airports they find no
#   end.
#
# ## Recap
#
# <details><summary>What does a tied κ assume, and when does that help?</summary>
#
# That all clusters are equally spread out. Where this is about true, or points are few, it leaves one number to
# estimate in place of $K$.
#
# </details>
#
# <details><summary>A clustering of texts is 99 % certain of every text. Do you believe it?</summary>
#
# No. In hundreds of dimensions log densities differ by tens of nats, so that responsibilities are 0 or 1 whether the
# model fits or not. Fit again from another start, or on a second sample, and compare.
#
# </details>
#
# <details><summary>From chapter 2: at κ = 1, which is closer to uniform, the vMF on S² or on S¹⁰⁰?</summary>
#
# The one on $S^{100}$: its KL is about $\kappa^2/2m = 0.005$ nats, against 0.15 on $S^2$. So a $\kappa$ of some
# hundreds in $\mathbb{R}^{500}$, as the documents have it, is not as narrow as it looks.
#
# </details>
#
# ## Sharp bits
#
# - **The likelihood has no bound.** A component on a single point gains with every bit of its $\kappa$. svae_lib keeps
#   a floor under its spread (`min_spread`), and warns where a component lies on it.
# - **Local maxima.** Two runs with different seeds may differ by more than two methods do. Report several starts.
# - **Directions, not lines.** A vMF distribution tells $z$ from $-z$. Axes without a sign, such as cracks in a rock,
#   need another model (Watson's distribution).
# - **Clusters inherit the list.** It holds every airstrip that somebody registered, and nearly half of them lie in the
#   United States. These are clusters of records, not of people or of flights.
#
# ## References
#
# - Banerjee, Dhillon, Ghosh, Sra. [Clustering on the unit hypersphere using von Mises-Fisher
#   distributions](https://www.jmlr.org/papers/v6/banerjee05a.html), JMLR 6, 2005: EM, and the approximate $\kappa$.
# - Hornik, Grün. [movMF: an R package for fitting mixtures of von Mises-Fisher
#   distributions](https://doi.org/10.18637/jss.v058.i10), Journal of Statistical Software 58, 2014.
# - Schwarz. [Estimating the dimension of a model](https://doi.org/10.1214/aos/1176344136), Annals of
#   Statistics 6, 1978.

# %% [markdown]
# Previous: [8 · Other distributions on the sphere](08_other_distributions.ipynb) ·
# Next: [10 · Your own data](10_your_own_data.ipynb)
