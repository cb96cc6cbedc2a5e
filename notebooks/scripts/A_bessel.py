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
# # A · The Bessel function without underflow
#
# **How do you compute a number smaller than 1e-300?**
#
# 30 minutes. You need chapter [2](02_kl_across_dimensions.ipynb), in which the formula for the KL fails on large
# spheres. No chapter builds on this appendix; it is for those who want to know how `log_prob` is computed. By the end
# you will be able to
#
# - say why a scaled Bessel function underflows all the same;
# - choose among a series, two expansions and a continued fraction, for a given order and argument;
# - write a continued fraction in eight lines, and say how many steps it takes.
#
# Previous: [10 · Your own data](10_your_own_data.ipynb)

# %% [markdown]
# ## The question
#
# The density of the von Mises-Fisher distribution, or vMF, on the sphere in $\mathbb{R}^m$ contains a modified Bessel
# function $I_v(\kappa)$ of order $v = m/2 - 1$. Its mean is the ratio $A = I_{v+1}(\kappa) / I_v(\kappa)$. For
# $m = 1002$ and $\kappa = 1$ the function is a number with 1,284 zeros behind the decimal point, and the smallest
# number of float64 has 323. Yet the KL and the mean, which are made of it, are ordinary numbers.
#
# Below, the argument is called $x$, as in the tables of such functions.

# %% [markdown]
# ## Predict
#
# Write down your answers before you go on.
#
# 1. SciPy's `ive` returns $e^{-x} I_v(x)$, a scaled function. Does the scaling prevent the underflow?
# 2. An expansion for large $x$ has infinitely many terms. Are 30 of them better than 10?
# 3. At $x = 10{,}000$, how many steps of a continued fraction give the ratio $A$ to ten digits: about 50, 500 or 5,000?

# %%
import math
from decimal import Decimal, localcontext

import numpy as np
import torch
from scipy.special import gammaln, ive

from svae_course.chapter_A import exercises as check
from svae_course.chapter_A import figures
from svae_course.chapter_A.methods import errors, terms_needed
from svae_course.chapter_A.panel import BesselPanel
from svae_course.checking import progress
from svae_lib.ops import log_ive

for dtype in (np.float32, np.float64):
    order = next(v for v in range(1000) if ive(v, dtype(1.0)) == 0)
    print(f"{dtype.__name__}: ive(v, 1) is 0 from v = {order} on")

# %% [markdown]
# Run this cell first (Shift+Enter); every cell below then runs alone.
#
# ## Why scaling is not enough

# %%
figures.magnitudes()

# %% [markdown]
# On the left, $I_v(x)$ itself leaves float64 on two sides: it is too large at the right, where it grows like $e^x$, and
# too small at the upper left. On the right, the factor $e^{-x}$ has cured the overflow. The underflow, to answer the
# first question, is where it was, since $e^{-x}$ is close to 1 there. What is small at the upper left is another
# factor, $(x/2)^v / \Gamma(v+1)$; and dividing by that one would bring back the overflow at the right.
#
# ### Numbers with a longer exponent
#
# Python has numbers that reach farther: `decimal`. Their exponent may have 18 digits, so the series below can be summed
# as it stands, to 60 digits.


# %%
def exact_log(v, x, terms=2000):
    with localcontext() as context:
        context.prec = 60
        half = Decimal(x) / 2
        total = term = half**v / math.factorial(v)
        for k in range(1, terms):
            term *= half * half / (k * (v + k))
            total += term
        return float(total.ln())


for v, x in ((500, 1.0), (3, 40.0)):
    print(f"log I_{v}({x:g}) = {exact_log(v, x):.10f}, so I is 1e{exact_log(v, x) / math.log(10):.1f}")

# %% [markdown]
# These are our reference, and far too slow for training. Note what was printed: the logarithm of the tiny number is an
# ordinary number. No factor suits every $v$ and $x$, but a logarithm does. The task becomes: find $\log I_v(x)$ without
# $I_v(x)$.
#
# ## The power series
#
# $$I_v(x) = \frac{(x/2)^v}{\Gamma(v+1)} \sum_{k=0}^\infty \frac{(x^2/4)^k}{k!\,(v+1)(v+2)\cdots(v+k)}$$
#
# The factor in front is what underflows, and its logarithm is known. The sum begins with 1, and all its terms are
# positive: nothing cancels.
#
# ### From scratch


# %%
def log_bessel(v, x, terms=60):
    k = np.arange(1, terms)
    total = 1 + np.cumprod((x / 2) ** 2 / (k * (v + k))).sum()
    return v * np.log(x / 2) - gammaln(v + 1) + np.log(total)


print(f"{log_bessel(500, 1.0):.10f}")
print(f"{log_bessel(3, 40.0):.10f}")

# %% [markdown]
# ### The same with svae_lib

# %%
for v, x in ((500, 1.0), (3, 40.0)):
    x = torch.tensor(x, dtype=torch.float64)
    print(f"{log_ive(v, x) + x:.10f}")

# %% [markdown]
# So where do 60 terms suffice, and where not? The map compares the first terms with svae_lib, over four powers of ten
# in $v$ and five in $x$.

# %%
figures.error_maps("power series", (10, 30, 100))

# %% [markdown]
# On the left of each map all digits are right, at the right none. The edge moves with the number of terms: the terms of
# the sum grow as long as $k(v + k) < x^2/4$, and only then begin to fall. At small orders that is up to $k = x/2$, so a
# hundred times the argument takes a hundred times the terms. At the top of the maps some digits are missing even where
# the series is at its best; we return to them.
#
# ## An expansion for large arguments
#
# For large $x$, one expands in $1/x$:
#
# $$I_v(x) \sim \frac{e^x}{\sqrt{2\pi x}} \Big(1 - \frac{4v^2 - 1}{8x} + \frac{(4v^2 - 1)(4v^2 - 9)}{2!\,(8x)^2}
# - \cdots \Big)$$

# %%
figures.error_maps("large argument", (5, 10, 30))

# %% [markdown]
# The good region now lies at the right, and the larger the order, the farther out it begins: $x$ must be large compared
# with $v^2$, not with $v$. In the red parts the sum is negative and has no logarithm. And compare the last two maps
# near $x = 5$, at the bottom: with 10 terms there are several digits, with 30 there are none. The expansion diverges.

# %%
for x in (3.0, 5.0, 10.0):
    found = errors("large argument", 0.0, x, 60)
    print(f"x = {x:g}: best with {found.argmin() + 1} terms, relative error {found.min():.0e}; e^(-2x) is", end=" ")
    print(f"{math.exp(-2 * x):.0e}; with 60 terms {found[-1]:.0e}")

# %% [markdown]
# After about $2x$ terms the sum is as good as it gets; its error is then about a tenth of $e^{-2x}$, and more terms
# destroy it. So 30 terms may be worse than 10, which answers the second question. For large $x$ that is far below any
# rounding error. For small $x$, no number of terms helps.
#
# ## An expansion uniform in the order
#
# Debye's expansion treats $v$ and $x$ alike. With $s = \sqrt{v^2 + x^2}$ and $p = v/s$,
#
# $$\log I_v(x) \sim s - v\,\mathrm{asinh}\frac{v}{x} - \tfrac12 \log(2\pi s) + \log\Big(1 + \frac{3p - 5p^3}{24\, v}
# + \cdots\Big)$$
#
# Each further term is a polynomial in $p$ over the next power of $v$. As $p/v = 1/s$, the terms shrink like $1/s$: it
# is enough that *one* of $v$ and $x$ is large. At $v = 0$ it is the expansion for large arguments.

# %%
for v, x in ((500.0, 1.0), (5.0, 5.0), (50.0, 50.0)):
    s, p = math.hypot(v, x), v / math.hypot(v, x)
    first = s - v * math.asinh(v / x) - math.log(2 * math.pi * s) / 2
    second = first + math.log1p((3 * p - 5 * p**3) / (24 * v))
    truth = log_ive(v, torch.tensor(x, dtype=torch.float64)).item() + x
    print(f"v = {v:g}, x = {x:g}: error of I with one term {math.expm1(first - truth):.0e}", end=", ")
    print(f"with two {math.expm1(second - truth):.0e}")

# %%
figures.error_maps("uniform", (2, 6, 20))

# %% [markdown]
# Two terms are right to about four digits where $s$ is above 24 or so (a border that we will need below), and to more
# the larger $s$ is. Twenty terms give all the digits that there are, except in the lower left corner, where both $v$
# and $x$ are below ten or so. That corner is where the power series is at its best.
#
# ## The ratio, from above
#
# For the mean of a vMF we need no Bessel function, but a ratio of two. Neighbors are linked by
# $I_{v-1} = I_{v+1} + (2v/x)\, I_v$. The obvious way is upward: from $I_0$ and $I_1$ to $I_2$, $I_3$ and so on. Here it
# is, in both directions.

# %%
figures.up_or_down()

# %% [markdown]
# Upward, every step subtracts two nearly equal numbers, and the relative error grows until nothing is left: at $x = 1$
# after ten steps, at $x = 100$ after sixty. Downward, every step adds two positive numbers, and the error stays where
# it is. Nor does the start matter: the right picture begins at an order far above 60, with the wrong numbers 0 and
# $10^{-300}$. What comes out is wrong by one factor, the same for all orders, and comparing $I_0$ with its known value
# gives that factor.
#
# In a ratio the common factor cancels. Divide the recurrence by $I_v$, and put it into itself again and again:
#
# $$\frac{I_{v+1}(x)}{I_v(x)} = \cfrac{1}{\cfrac{2(v+1)}{x} + \cfrac{1}{\cfrac{2(v+2)}{x} + \cfrac{1}{\cfrac{2(v+3)}{x}
# + \cdots}}}$$
#
# No power, no Gamma function, no exponential: there is nothing here that could underflow.

# %%
figures.error_maps("continued fraction", (10, 30, 100))

# %% [markdown]
# The good region has the shape of the series', but it is larger, and grows faster: with ten times the steps, its edge
# moves a hundred times as far to the right at small orders. And no digit is missing at the top. Count the steps, as the
# fewest whose relative error is at most $10^{-10}$:

# %%
x = np.array([25.0, 100.0, 400.0, 1600.0, 6400.0])
print("steps for ten digits at order 0:", terms_needed("continued fraction", 0.0, x).astype(int))
print("4.8 times the root of x:        ", (4.8 * np.sqrt(x)).astype(int))

# %% [markdown]
# So at $x = 10{,}000$ it takes about 480 steps, and "500" answers the third question.

# %%
figures.costs()

# %% [markdown]
# At order 0, on the left, the two expansions are one line, and begin near $x = 10$; the series' terms grow in
# proportion to $x$, the fraction's steps to its root. At order 50, on the right, five terms of the uniform expansion
# serve every $x$, and the expansion for large $x$ begins beyond a hundred.
#
# ### Move it
#
# Choose an order and an argument. On the left stands the error of each method after $n$ terms; of $I$ for the first
# three, of the ratio for the fraction. On the right, the dot is your choice, and each line bounds the region where 20
# terms give ten digits, on the side of its arrow. For the uniform expansion, all $x$ are good above the line's end.

# %%
BesselPanel()

# %% [markdown]
# Press "v = 300, x = 10": in float64 the scaled function is 0, and three of the four methods need no more than seven
# terms. Press "v = 10, x = 3" and watch the line of the expansion for large $x$: it never comes down. Then hold
# $v = 0$ and drag $x$ to the right: two methods get slower, two get faster.
#
# ## Two methods cover everything
#
# Where the series is slow, the uniform expansion is at its best. svae_lib takes the series where $s < 24$, and twenty
# terms of the uniform expansion from there on. With the methods of this page:

# %%
figures.two_together()

# %% [markdown]
# On the right, the logarithm has fourteen digits or more nearly everywhere; the few marks on a line are where it passes
# through zero. On the left, $I$ itself loses digits toward the top, with every method. That is the cost of a logarithm:
# when $\log I = -2958$ is rounded at its sixteenth digit, $I$ is uncertain in its thirteenth. It is no loss for a
# log-likelihood, and the ratio does not have it.
#
# A formula that adds large logarithms whose sum is small, as the KL's does, needs one more idea: let what is large
# cancel on paper. `kl_divergence` does.
#
# ## Exercises
#
# Each check prints one line and draws your answer against the truth. ★ takes 5 minutes, ★★ 15, ★★★ 30.
#
# ### Exercise A.1 ★★: a continued fraction in eight lines
#
# Return $I_{v+1}(x) / I_v(x)$ for an `order` and a tensor `x`, shape `(n,)`, in float64. It should be right to ten
# digits for orders from 0 to 1000 and $x$ from 0.001 to 1000. Use no Bessel function.


# %%
def ratio(order, x):
    return None


check.exA_1(ratio)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The easy way is to begin at the bottom: take 0 for the fraction's tail after $n$ steps, and work upward to $k = 1$.
# The figure above says which $n$ is enough for $x = 1000$.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def ratio(order, x):
#     value = torch.zeros_like(x)
#     for k in range(200, 0, -1):
#         value = 1 / (2 * (order + k) / x + value)
#     return value
# ```
#
# This is five lines, and takes 200 steps for every $x$. The modified Lentz algorithm begins at the top, and stops when
# a step changes nothing. It carries two fractions whose product is the next factor, and takes the eight lines of the
# title:
#
# ```python
# def lentz(order, x):
#     f = above = 2 * (order + 1) / x
#     below, k = 0.0, 2
#     while k == 2 or ((above * below - 1).abs() > 1e-15).any():
#         b = 2 * (order + k) / x
#         below, above, k = 1 / (b + below), b + 1 / above, k + 1
#         f = f * above * below
#     return 1 / f
# ```
#
# Where a denominator may be 0, the algorithm replaces it by a tiny number; here all terms are positive, and none is.
# `bessel_ratio` takes neither of the two: it has the series and the uniform expansion for the ratio itself, whose cost
# does not grow with $x$.
#
# </details>

# %% [markdown]
# ### Exercise A.2 ★: count the terms
#
# In the panel, set $v = 0$. Read how many terms the power series needs for ten digits at $x = 100$ and at $x = 400$,
# then how many steps the continued fraction needs at the same two. The fifth number is a prediction: the steps of the
# fraction at $x = 10{,}000$, to within 15 %.


# %%
def reading():
    return None


check.exA_2(reading)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The status line under the buttons ends with the four counts. Four times the argument: how many times the terms, and
# how many times the steps?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def reading():
#     return [86, 268, 49, 97, 5 * 97]
# ```
#
# From $x = 100$ to 400 the steps of the fraction double: they grow like $\sqrt{x}$. From 400 to 10,000 the argument
# grows 25 times, the steps five times. Why the root? A step from $A_k$ down to $A_{k-1}$ multiplies the error by
# $A_{k-1}^2$, which is close to $e^{-(2k - 1)/x}$ for large $x$. So after $n$ steps it is $e^{-n^2/x}$, and ten digits
# take $n = \sqrt{10 \log(10)\, x} = 4.8 \sqrt{x}$.
#
# </details>

# %% [markdown]
# ### Exercise A.3 ★★★: the number itself, from its recurrence
#
# For whole orders, one sweep downward gives everything. The ratios $A_k = I_{k+1}/I_k$ come from the recurrence, begun
# far above; their products are $I_k / I_0$; and $I_0$ follows from a sum that is known (DLMF 10.35.5):
# $e^x = I_0(x) + 2 I_1(x) + 2 I_2(x) + \cdots$. Return $\log(e^{-x} I_v(x))$ for a whole `order` and a tensor `x`,
# shape `(n,)`. The check tries orders from 0 to 300, and $x$ from 0.01 to 250, to ten digits. No Gamma function is
# needed, and no Bessel function.


# %%
def log_scaled(order, x):
    return None


check.exA_3(log_scaled)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep the logarithm of every ratio. Their running sums, from $A_0$ on, are $\log(I_k/I_0)$. In the sum over all orders
# the small ones may underflow: they do not matter there. In $\log(I_v / I_0)$ they would.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def log_scaled(order, x):
#     ratio, logs = torch.zeros_like(x), []
#     for k in range(order + 200, 0, -1):  # A_{k-1} from A_k
#         ratio = x / (2 * k + x * ratio)
#         logs.append(ratio.log())
#     over_zeroth = torch.stack(logs[::-1]).cumsum(0)  # log(I_k / I_0) for k = 1, 2, ...
#     log_sum = torch.log(1 + 2 * over_zeroth.exp().sum(0))  # x - log I_0
#     return (over_zeroth[order - 1] if order else 0) - log_sum
# ```
#
# This is Miller's algorithm, of 1952, in logarithms.
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
# - $e^{-x}$ cures the overflow of $I_v(x)$, and not its underflow; a logarithm cures both, and costs a few digits of
#   $I$.
# - The series is for small $x$, the expansion for large $x$ wants $x$ beyond $v^2$, the uniform one wants $v$ or $x$
#   large, and the continued fraction gives the ratio anywhere, in at most $5\sqrt{x}$ steps or so.
# - More terms of a divergent expansion are better only up to a point; a recurrence is stable in one direction only.
#
# ## Recap
#
# <details><summary>Why does the scaled function underflow at order 500?</summary>
#
# Because it is small for another reason than $e^{-x}$: its leading factor $(x/2)^v/\Gamma(v+1)$ is.
#
# </details>
#
# <details><summary>Why does the continued fraction not care where it begins?</summary>
#
# It is the recurrence read downward. There, every step multiplies the error of the start by the square of a ratio, and
# every ratio is below 1.
#
# </details>
#
# <details><summary>From chapter 2: for which quantity did the underflow do harm, and how small was it?</summary>
#
# For the KL. In float64 it was NaN at $\kappa = 1$ from $m = 299$ on, though its value is about $\kappa^2/2m$, an
# ordinary number.
#
# </details>
#
# ## Sharp bits
#
# - **`ive` is 0 before float64 ends.** SciPy's routine returns 0 below about $10^{-304}$, and does not say so.
# - **Half-integer orders are special.** For odd $m$ the expansion for large $x$ breaks off by itself and is exact but
#   for $e^{-2x}$; a test with $m = 3$ alone says little about the code.
# - **Rounding moves into the logarithm.** Never compute a small difference of two `log_ive`: take `bessel_ratio`.
# - **$\log \Gamma$ cancels too.** For $v$ in the thousands, $v \log(x/2)$ and $\log \Gamma(v+1)$ are large, and their
#   difference keeps only the digits of the larger one; the uniform expansion has neither.
#
# ## References
#
# - NIST Digital Library of Mathematical Functions: [10.25](https://dlmf.nist.gov/10.25) (series),
#   [10.33](https://dlmf.nist.gov/10.33) (continued fraction), [10.40](https://dlmf.nist.gov/10.40) (large argument),
#   [10.41](https://dlmf.nist.gov/10.41) (uniform in the order), [3.10](https://dlmf.nist.gov/3.10) (how to evaluate
#   continued fractions).
# - Gautschi. [Computational aspects of three-term recurrence relations](https://doi.org/10.1137/1009002), SIAM
#   Review 1967. Which direction is stable, and why.
# - Amos. [Algorithm 644](https://doi.org/10.1145/7921.214331), ACM TOMS 1986. The routine behind SciPy's `ive`.
# - Davidson, Falorsi, De Cao, Kipf, Tomczak.
#   [Hyperspherical Variational Auto-Encoders](https://arxiv.org/abs/1804.00891), UAI 2018.

# %% [markdown]
# Previous: [10 · Your own data](10_your_own_data.ipynb)
