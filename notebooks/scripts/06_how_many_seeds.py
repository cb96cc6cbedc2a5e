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
# # 6 · How many seeds
#
# **How many seeds before I may say better?**
#
# 35 minutes. You need chapters 3 and 4. By the end you will be able to
#
# - say how often a comparison of two latent spaces names the wrong winner;
# - test a difference over seeds in eight lines, without any assumption about its distribution;
# - correct for the number of comparisons, and say how lucky the best of thirty is;
# - tell a claim that stands from one that does not.
#
# Previous: [5 · The circle test](05_circle_test.ipynb) · Next: [7 · Gradients through a rejection](07_gradients.ipynb)

# %% [markdown]
# ## The question
#
# Train the same model twice, with the same command and another seed, and the log-likelihood differs. So does that of
# two latent spaces, even where neither is better. This chapter takes the stored runs of the course, most of them short
# (4,000 images, thirty epochs), asks what seeds alone do to their scores, and then asks how much of what was said in
# chapters 3 and 4 stands.

# %% [markdown]
# ## Predict
#
# Write down your answers before you go on.
#
# 1. Two spaces differ by 0.5 nats, and seeds spread their scores by a standard deviation of 0.5. With one run each, how
#    often does the worse one have the higher score?
# 2. With three runs each and a permutation test, what is the smallest p that you can find, however large the
#    difference?
# 3. Thirty ways to split a latent space are all equally good. You train each once. By how many standard deviations does
#    the best of them seem better than it is?

# %%
from itertools import combinations

import numpy as np
import torch

from svae_course.chapter_06 import figures, seeds
from svae_course.chapter_06.panel import SeedsPanel
from svae_course.stored_files import stored, stored_runs
from svae_lib import load_dataset, load_model
from svae_lib.comparison import compare, holm
from svae_lib.datasets import to_unit

torch.manual_seed(0)  # your own experiments repeat themselves
small = figures.by_name(stored_runs("results/heads_mnist_5k.json"))  # 4,000 training images, 30 epochs
large = figures.by_name(stored_runs("results/mnist.json"))  # 50,000 training images, 80 epochs
print("seeds of R^10 and of S^10 on mnist_5k:", len(small["e10"]), "and", len(small["s10, new head"]))

# %%
SHOWN = ["e10", "s10, new head", "s10, squared softplus", "s40, new head", "s40, squared softplus", "e40"]
figures.seed_dots({name: small[name] for name in SHOWN})

# %% [markdown]
# Six settings, five seeds each; every run is stored with its command and its score. The *new head* is svae_lib's
# default, $\kappa = 1 + m / \mathrm{softplus}(-s)^2$; the other one, *squared softplus*, is
# $1 + m\, \mathrm{softplus}(s)^2$. The standard deviation of the scores over seeds, their *spread* for short, differs
# from setting to setting:

# %%
for name in SHOWN:
    print(f"{name:22} mean {np.mean(small[name]):7.2f}, standard deviation {np.std(small[name], ddof=1):.2f}")

# %% [markdown]
# ## The wrong winner
#
# On $S^{40}$ squared softplus is ahead by 0.9 nats. Suppose that we had trained fewer seeds. Take some of the five on
# each side, in all possible ways, and count how often the order of the two means is reversed:

# %%
for space in ("s10", "s40", "s2"):
    heads = small[f"{space}, new head"], small[f"{space}, squared softplus"]
    reversed_ = [f"{100 * seeds.reversed_in(*heads, n):.0f} %" for n in (1, 2, 3)]
    print(f"{space}: reversed with 1, 2, 3 seeds: {', '.join(reversed_)}")

# %% [markdown]
# With one run each, the two heads on $S^{40}$ change places in one case out of five. On $S^2$, where the means differ
# by 0.25 nats, it is a coin toss, and three seeds hardly help.
#
# In general, let $\delta$ be the true difference, $\sigma$ the spread in both spaces and $n$ the number of seeds on
# each side. The difference of two means has standard deviation $\sigma\sqrt{2/n}$. So, if scores are normally
# distributed, and with $\Phi$ for the distribution function of the standard normal distribution,
#
# $$P(\text{the worse one wins}) = \Phi\left(-\frac{\delta}{\sigma \sqrt{2/n}}\right)$$

# %%
for n in (1, 3, 5, 10):
    print(f"n = {n:2}: {100 * seeds.wrong_winner(0.5, 0.5, n):.0f} %")

# %% [markdown]
# That answers the first question: in 24 % of all cases. Now move the sliders.

# %%
SeedsPanel()

# %% [markdown]
# The curve is the density of the difference that is observed, and each tick below it is one experiment with new seeds;
# red ones name the wrong winner. "A test separates them" means that Student's t test finds p < 0.05; it is *two-sided*:
# a difference counts in either direction. Press "no difference": now each space is ahead in half of all experiments,
# and the test separates them in 5 %, whatever the number of seeds. Then set a difference, and raise the seeds one by
# one. The wrong winner becomes rare long before the test separates the two.

# %% [markdown]
# ## A test in eight lines
#
# If the two heads were equally good, any of the ten scores could have come from either. So split the ten scores into
# five and five in all possible ways, and count how often the two means are at least as far apart as those observed:

# %%
first, second = small["s10, new head"], small["s10, squared softplus"]


def p_value(scores, others):
    pooled, n, count, total = [*scores, *others], len(scores), 0, 0
    observed = abs(np.mean(scores) - np.mean(others))
    for chosen in combinations(range(len(pooled)), n):
        rest = [pooled[i] for i in range(len(pooled)) if i not in chosen]
        count += abs(np.mean([pooled[i] for i in chosen]) - np.mean(rest)) >= observed - 1e-12
        total += 1
    return count / total


print(f"p = {p_value(first, second):.4f}")

# %%
figures.permutation_null(first, second, ("s10, new head", "squared softplus"))

# %% [markdown]
# The dashed line is the observed difference; red are the splits that are as extreme. The test is *exact*: it goes
# through all splits, and assumes nothing about how scores are distributed. There are 252 ways to split ten scores into
# five and five, but only 20 to split six into three and three. The observed split always counts, whatever the rounding
# (hence the `1e-12`), and so does the one with the two sides exchanged. So p is at least 2/20 = 0.1: **with three seeds
# on each side this test can never reach 0.05**, which answers the second question. Welch's t test can, because it
# assumes more: that scores are normally distributed. (Student's also assumes one spread for both spaces.) svae_lib
# reports both, and its verdict ("higher", "lower" or "not separated") follows Welch's p.
#
# ### The same with svae_lib

# %%
found = compare(first, second)
low, high = found.interval
print(f"difference {found.difference:.2f} nats, 95 % interval {low:.2f} to {high:.2f}")
print(f"Welch p = {found.welch:.3f}, permutation p = {found.permutation:.3f}: {found.verdict}")

# %% [markdown]
# ## Many comparisons
#
# The new head was compared with squared softplus in four spaces. Where two are equally good, a test still separates
# them in 5 % of all cases, so at least one of four tests does so in up to 20 %. Holm's correction brings this back to
# 5 %: with $k$ comparisons, multiply the smallest p by $k$, the next by $k - 1$, and so on, and never let an adjusted p
# fall below an earlier one. With $p_{(1)} \le \dots \le p_{(k)}$ for the p values in rising order,
#
# $$\tilde p_{(i)} = \max_{j \le i}\, \min\left(1,\, (k - j + 1)\, p_{(j)}\right)$$

# %%
spaces = ("s2", "s5", "s10", "s40")
tests = [compare(small[f"{space}, new head"], small[f"{space}, squared softplus"]) for space in spaces]
for space, test, adjusted in zip(spaces, tests, holm([test.welch for test in tests]), strict=True):
    print(f"{space:4} difference {test.difference:5.2f}   p = {test.welch:.3f}, after Holm {adjusted:.3f}")

# %% [markdown]
# On its own, $S^{10}$ looks like a win for the new head. As one of four comparisons it is none. Five seeds of four
# spaces do not say which of the two heads is better, and so this course does not say it either. Between the new head
# and the Gaussian the seeds do decide:

# %%
tests = [compare(small[f"s{d}, new head"], small[f"e{d}"]) for d in (2, 5, 10, 40)]
for d, test, adjusted in zip((2, 5, 10, 40), tests, holm([test.welch for test in tests]), strict=True):
    print(f"S^{d} minus R^{d}: {test.difference:5.2f} nats, after Holm p = {adjusted:.4f}")

# %% [markdown]
# These are trainings on 4,000 images, for 30 epochs. In the long trainings of chapter 3 the order at $d = 10$ is the
# opposite one. A test over seeds speaks for one training procedure and one data set, not for others.
#
# ## What more seeds buy
#
# How often does the worse one win, and how often does the test find the difference? The second chance is called the
# *power* of the test. Both depend on the ratio of the difference to the spread. At a ratio of 1 it takes six seeds
# until the worse one wins in less than 5 %, and 17 until the t test has a power of 80 %. At a ratio of 4, three seeds
# are enough for both.

# %%
figures.chances()

# %% [markdown]
# Dotted lines mark 5 %. Naming the right winner takes fewer seeds than a test does. A difference of half a spread is
# out of reach here: even with 20 seeds on each side the test finds it in one experiment out of three.
#
# ## The winner's curse
#
# There are 30 ways to split nine dimensions into spheres, and the papers' code runs each once. Suppose that somebody
# reports the best of the 30. What if all of them are equally good?

# %%
figures.winners_curse()

# %% [markdown]
# All spaces have the same true score, the dashed line. The red line is the mean of the best score: the best of 30 lies
# 2.0 spreads above the truth, by luck alone. That answers the third question. Train the winner again, with another
# seed, and on average this lead is gone. The cure is to choose by some seeds, and to report the scores of others.

# %% [markdown]
# ## A bias that no seed removes
#
# The log-likelihood that we report is itself a lower bound, estimated from $K$ importance samples. More seeds make its
# mean more precise, but do not make the bound tighter. How far it lies below its value at $K = 1000$ depends on the
# latent space:

# %%
COUNTS = (1, 10, 100, 1000)
test_images = to_unit(load_dataset("mnist_5k").test.images)[:30]
models = {space: load_model(stored(f"weights/{space}.safetensors")) for space in ("s2", "2xs1", "5xs2")}
lacking = {space: figures.bounds(model, test_images, COUNTS) for space, model in models.items()}
figures.sample_bias(lacking, COUNTS)

# %% [markdown]
# Along each line the model and the images are the same; only $K$ differs. With one sample, five times $S^2$, of ten
# dimensions, lacks more than the two spaces of two dimensions: a small $K$ puts the larger space at a disadvantage.
# (Further right a few of the 30 images decide.) So scores are compared at the same $K$ and on the same images. The
# stored runs have $K = 500$ on all 10,000 test images of MNIST; some of them have $K = 5000$ on the first 1,000 as
# well:

# %%
MORE_SAMPLES = "log_likelihood_5000_samples_1000_images"
both = [run for run in stored_runs("results/mnist.json") if MORE_SAMPLES in run]
few, many = figures.by_name(both), figures.by_name(both, MORE_SAMPLES)
rows = {f"{name}, K = {K}": found[name] for K, found in ((500, few), (5000, many)) for name in ("s10, new head", "e10")}
print("S^10 against R^10 at K = 5000:", compare(many["s10, new head"], many["e10"]).verdict)
figures.seed_dots(rows, "The same runs with more samples, on the first 1,000 images")

# %% [markdown]
# With $K = 500$ chapter 3 found $S^{10}$ 0.4 nats behind $\mathbb{R}^{10}$, six seeds each. With $K = 5000$, on these
# images, the means lie 0.2 nats apart, and the test does not separate them. Which of the two changes did that, $K$ or
# the images, this does not say.

# %% [markdown]
# ## Exercises
#
# Each check prints one line and plots your answer against the truth. ★ takes about 5 minutes, ★★ 15, ★★★ 30.

# %%
from svae_course.chapter_06 import exercises as check

# %% [markdown]
# ### Exercise 6.1 ★★: a permutation test
#
# You get two tensors of scores, both of shape `(n,)`. Return the two-sided p: the fraction of all ways to split the
# `2n` scores into `n` and `n` in which the two means are at least as far apart as those observed. The eight lines above
# work on lists (`scores.tolist()`); with tensors, four or five are enough.


# %%
def permutation_p(scores, others):
    return None


check.ex6_1(permutation_p)

# %% [markdown]
# <details><summary>Hint</summary>
#
# With as many on one side as on the other, the difference of means depends on the sum of the first side alone. Sums
# that are equal may differ in their last digit: allow for $10^{-9}$.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def permutation_p(scores, others):
#     from itertools import combinations
#
#     pooled = torch.cat([scores, others])
#     sums = torch.stack([torch.stack(few).sum() for few in combinations(pooled, len(scores))])
#     distance = (sums - pooled.sum() / 2).abs()
#     return (distance >= distance[0] - 1e-9).double().mean()
# ```
#
# The observed split comes first, because `combinations` goes through the scores in their order.
#
# </details>

# %% [markdown]
# ### Exercise 6.2 ★★: Holm's correction
#
# You get p values of shape `(k,)`, in any order. Return the adjusted ones, in the same order.


# %%
def adjust(p):
    return None


check.ex6_2(adjust)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Sort, multiply by $k, k - 1, \dots, 1$, take the running maximum, cut off at 1, and undo the sorting.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def adjust(p):
#     order = p.argsort()
#     steps = p[order] * torch.arange(len(p), 0, -1)
#     adjusted = torch.empty_like(p)
#     adjusted[order] = steps.cummax(0).values.clamp(max=1)
#     return adjusted
# ```
#
# </details>

# %% [markdown]
# ### Exercise 6.3 ★: move it
#
# Set difference and spread of the panel to 0.5. From how many seeds on does the worse one win in less than 5 % of all
# experiments? Return that number. And why does a test need so many more seeds to find the difference?


# %%
def seeds_needed(difference, spread):  # 0.5 and 0.5
    return None


check.ex6_3(seeds_needed)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The status line says both chances. The first one falls below 5 % between 5 and 7 seeds.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def seeds_needed(difference, spread):
#     return 6
# ```
#
# To name the right winner, the difference has to fall on the right side of 0. To separate the two, it has to fall about
# two standard deviations away from 0: a test must not be fooled even where there is no difference at all.
#
# </details>

# %% [markdown]
# ### Exercise 6.4 ★★: judge five claims
#
# Five claims, and the runs behind each of them:

# %%
print("A  on all of MNIST, S^2 has a higher log-likelihood than R^2, by the first three seeds of each:")
print("  ", large["s2, new head"][:3], "against", large["e2"][:3])
print("B  on all of MNIST, 10xs4 has a higher log-likelihood with squared softplus:")
print("  ", large["10xs4, squared softplus"], "against", large["10xs4, new head"])
print("C  all 30 partitions of nine dimensions were run once; the best is the one to use")
print("   0.8 nats above their mean, with a spread over seeds of 0.4")
print("D  10xs4 has a higher log-likelihood than 5xs8:")
print("   -91.8 (K = 5000, 1,000 images) against -92.4 (K = 500, all)")
print("E  on mnist_5k, S^2 has a higher log-likelihood with the new head:")
print("  ", small["s2, new head"], "against", small["s2, squared softplus"])

# %% [markdown]
# For each of A to E, in this order and each on its own, return the number of the sentence that fits best:
#
# 1. With one run on a side there is no test.
# 2. The best of many looks better than it is.
# 3. The claim stands: Welch's test separates the two.
# 4. Welch's test does not separate the two.
# 5. The two numbers do not measure the same thing.


# %%
def verdicts(claims):  # A, B, C, D, E
    return None


check.ex6_4(verdicts)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Give the printed scores to `compare` where there are several on each side.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def verdicts(claims):
#     return [3, 1, 2, 5, 4]
# ```
#
# A: Welch's p is below 0.001; the permutation test says 0.1, the smallest p that three seeds against three can give.
# B: one run has no spread of its own, and may be a lucky one. C: the best of 30 equal ones lies 2 spreads, or 0.8 nats,
# above the mean. D: $K$ differs, and so do the images; with $K = 5000$ on the same 1,000 images, 5xs8 has $-90.7$ to
# $-91.0$, and is ahead. E: p is 0.73.
#
# </details>

# %% [markdown]
# ### Exercise 6.5 ★★★: the power of the permutation test
#
# How often does the exact permutation test, two-sided, reach $p \le 0.05$ with `n` seeds on each side? Simulate a
# thousand experiments with normal scores: one space lies `difference` above the other, both have the standard deviation
# `spread`. Return the fraction of experiments that reach it, a number. A split whose difference equals the observed one
# must count although its sum was taken in another order: allow for rounding, 1e-12 in float64. The check goes from `n`
# = 3 to 5, with a spread of 0.5. Predict the first: 3 seeds on each side, and a difference of four spreads.


# %%
def test_power(n, difference, spread):
    return None


check.ex6_5(test_power)

# %% [markdown]
# <details><summary>Hint</summary>
#
# With five seeds there are 252 splits. Write each as a row of $+1$ and $-1$: one matrix product then gives every
# difference of means for all experiments. `combinations(range(2 * n), n)` begins with the observed split.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def test_power(n, difference, spread):
#     chosen = list(combinations(range(2 * n), n))
#     signs = -torch.ones(len(chosen), 2 * n)
#     for row, first in zip(signs, chosen, strict=True):
#         row[list(first)] = 1
#     scores = spread * torch.randn(1000, 2 * n)
#     scores[:, :n] += difference
#     far = (scores @ signs.T / n).abs()
#     p = (far >= far[:, :1] - 1e-5).double().mean(1)
#     return (p < 0.05 + 1e-9).double().mean()
# ```
#
# With three seeds it is 0, however far the spaces lie apart. With no difference it is just under 0.05, which is what
# the test promises.
#
# </details>

# %% [markdown]
# What you have done so far, in all chapters:

# %%
check.progress()

# %% [markdown]
# A filled disc is an exercise that you solved on this machine. The record lies in a file beside the notebooks, and
# goes nowhere else.
#
# ## What we saw
#
# - With a difference as large as the spread, one run each names the wrong winner in 24 % of all cases, three runs in
#   11 %, six in 4 %.
# - Three seeds on each side cannot reach p = 0.05 in a permutation test: its smallest p is 0.1. With four it is 0.03,
#   with five 0.008.
# - The best of 30 equal spaces looks 2 spreads better than it is, and a bound with few samples favors small spaces.
#
# ## Recap
#
# <details><summary>Why are seeds of two spaces not paired?</summary>
#
# Seed 3 of one space and seed 3 of the other share no noise that would make their scores rise and fall together: their
# networks have different shapes, and draw different numbers.
#
# </details>
#
# <details><summary>A test does not separate two spaces. Are they equally good?</summary>
#
# No. The interval says what is still possible: for the two heads on S⁴⁰ it runs from −2.1 to 0.3 nats.
#
# </details>
#
# <details><summary>From chapter 2: at which ratio κ / m does the KL per coordinate stand at 0.24 nats?</summary>
#
# At κ = m.
#
# </details>
#
# ## Sharp bits
#
# - **Standard deviation, standard error, interval.** The first is of one run, the second of a mean. The 95 % interval
#   reaches about two standard errors to either side of the mean, and further with few seeds: 4.3 with three.
# - **Overlapping intervals are no test.** Two 95 % intervals may overlap while p is below 0.05.
# - **Choosing and testing by the same runs** is the winner's curse again. `svae table` without `--against` corrects
#   over all pairs, because the scores themselves choose the best row.
# - **The data stay the same.** All of this is about the randomness of training. Another test set is another question.
#
# ## References
#
# - Welch. [The generalization of Student's problem when several different population variances are
#   involved](https://doi.org/10.1093/biomet/34.1-2.28), Biometrika 1947.
# - Holm. A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 1979.
# - Fisher. The Design of Experiments, 1935. The permutation test.
# - Bouthillier et al. [Accounting for Variance in Machine Learning Benchmarks](https://arxiv.org/abs/2103.03098), 2021.
# - Burda, Grosse, Salakhutdinov. [Importance Weighted Autoencoders](https://arxiv.org/abs/1509.00519), 2015.

# %% [markdown]
# Previous: [5 · The circle test](05_circle_test.ipynb) · Next: [7 · Gradients through a rejection](07_gradients.ipynb)
