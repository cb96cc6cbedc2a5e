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
# # 2 · KL across dimensions
#
# **What does κ cost as m grows?**
#
# 30 minutes. You need PyTorch and a first acquaintance with variational auto-encoders. By the end you will be able to
#
# - say what a concentration costs, as a KL in nats, on a sphere of any dimension;
# - compare concentrations across spheres, with one curve that serves them all;
# - explain why the formula in the paper fails on a computer, and from which dimension on;
# - judge the argument of the "vanishing surface".
#
# Previous: [1 · Sampling on a sphere](01_vmf_sampling.ipynb) ·
# Next: [3 · Training on MNIST](03_training_on_mnist.ipynb)

# %% [markdown]
# ## The question
#
# The posterior of a spherical VAE is a von Mises-Fisher distribution, or vMF, with density proportional to
# $e^{\kappa \langle \mu, z \rangle}$. Its prior is uniform. For every image the ELBO pays the KL between the two, and
# since the uniform prior favors no direction, the KL does not depend on $\mu$. It depends on the concentration $\kappa$
# and on the ambient dimension $m$; the sphere in $\mathbb{R}^m$ is $S^{m-1}$.
#
# So one figure can show every possible value.

# %% [markdown]
# ## Predict
#
# Write down your answers before you go on.
#
# 1. On $S^2$, where $m = 3$, a vMF posterior with $\kappa = 10$ has a KL of 2.0 nats. With $m = 11$, and with
#    $m = 101$, is it more or less?
# 2. Double both $\kappa$ and $m$. What happens to the KL?
# 3. Type the formula for the KL into a program, in float32. Up to which $m$ will it work?

# %%
import math

import numpy as np
import torch
from scipy.special import ive
from torch.distributions import kl_divergence

from svae_course.chapter_02 import exercises as check
from svae_course.chapter_02 import figures
from svae_course.chapter_02.panel import KLPanel
from svae_lib import HypersphericalUniform, VonMisesFisher
from svae_lib.ops.sphere import log_surface_area


# %%
def kl(m, kappa):
    vmf = VonMisesFisher(torch.eye(m)[0], kappa)
    return kl_divergence(vmf, HypersphericalUniform(m)).item()


print(f"m = 3, kappa = 10: {kl(3, 10.0):.1f} nats")

# %%
figures.kl_curves()

# %% [markdown]
# On the left each sphere begins as a straight line of slope 2 (both axes are logarithmic), so the KL grows like
# $\kappa^2$. Then it bends, and grows like $\log \kappa$. On the right, $\kappa$ is held fixed. For $\kappa = 10$ and
# 100 the KL climbs with $m$ to a maximum, and falls from there on; for $\kappa = 1$ it falls from the circle on. There
# is no answer without naming the sphere:

# %%
for m in (3, 11, 101):
    print(f"m = {m}: {kl(m, 10.0):.2f} nats")
print("largest KL of kappa = 10 at m =", max(range(2, 200), key=lambda m: kl(m, 10.0)))

# %% [markdown]
# ## Why it climbs and why it falls
#
# The two densities differ by a factor that depends on $z$ through one number only, $w = \langle \mu, z \rangle$. So the
# KL on the sphere is the KL between two distributions of $w$. Those we can plot.

# %%
spheres = [(3, 10.0), (11, 10.0), (101, 10.0)]
figures.polar_densities(spheres, "The same κ = 10 on three spheres")

# %% [markdown]
# At $m = 3$ the uniform $w$ is flat, and the vMF pushes it to the top. At $m = 11$ the vMF must leave the equator,
# where nearly all of the sphere lies: this is more expensive. At $m = 101$ both stay near the equator. The same tilt,
# shared by so many coordinates, moves $w$ by about one standard deviation of its uniform distribution:

# %%
m, kappa = 101, 10.0
spread = HypersphericalUniform(m).variance[0] ** 0.5
shift = VonMisesFisher(torch.eye(m)[0], kappa).mean[0]
print(f"spread {spread:.2f}, shift {shift:.2f}")
print(f"(shift / spread)^2 / 2 = {(shift / spread) ** 2 / 2:.2f} nats")

# %% [markdown]
# Half the squared shift, in units of the spread, is the KL of two normal distributions with the same spread, and that
# is what the distributions of $w$ have become. Where $\kappa$ is small compared with $m$, the shift is $\kappa/m$, the
# spread $1/\sqrt{m}$, and the KL $\kappa^2 / 2m$.
#
# ## The formula
#
# Write $A_m(\kappa)$ for the mean of $w$, $C_m(\kappa)$ for the normalizing constant of the vMF's density, and $S_m$
# for the area of the sphere. Both $A$ and $C$ come from the modified Bessel function $I$:
#
# $$\mathrm{KL} = \mathbb{E}_q[\log q(z) - \log p(z)] = \kappa\, A_m(\kappa) + \log C_m(\kappa) + \log S_m$$
#
# $$A_m(\kappa) = \frac{I_{m/2}(\kappa)}{I_{m/2-1}(\kappa)}, \qquad
# C_m(\kappa) = \frac{\kappa^{m/2-1}}{(2\pi)^{m/2}\, I_{m/2-1}(\kappa)}$$
#
# ### From scratch
#
# SciPy has $e^{-\kappa} I_v(\kappa)$ under the name `ive`, scaled so that it does not overflow. (How such a function is
# computed is the subject of appendix [A](A_bessel.ipynb).) The rest is typing:


# %%
@np.errstate(all="ignore")  # no warnings: the values will tell
def naive_kl(m, kappa):
    v = m / 2 - 1
    bessel = ive(v, kappa)
    A = ive(v + 1, kappa) / bessel
    log_C = v * np.log(kappa) - m / 2 * math.log(2 * math.pi) - np.log(bessel) - kappa
    return kappa * A + log_C + log_surface_area(m)


# %% [markdown]
# ### The same with svae_lib
#
# And a third way: sample from the vMF, and average $\log q - \log p$.

# %%
torch.manual_seed(0)
vmf, prior = VonMisesFisher(torch.eye(11)[0], 10.0), HypersphericalUniform(11)
z = vmf.sample((20_000,))
drawn = (vmf.log_prob(z) - prior.log_prob(z)).mean()
print(f"from scratch {naive_kl(11, 10.0):.3f}, svae_lib {kl(11, 10.0):.3f}")
print(f"mean over 20,000 samples {drawn:.2f}")

# %% [markdown]
# ## One curve for every sphere
#
# In the first figure the maximum lies at $m = 8$ for $\kappa = 10$ and, for $\kappa = 100$, about ten times as far out.
# That is a hint: what counts is not $\kappa$ but $\kappa / m$. Divide both axes by $m$.

# %%
figures.kl_collapse()

# %% [markdown]
# The larger the sphere, the closer it is to one curve: in this figure $m = 11$ is at most 4.8% off, $m = 41$ at most
# 1.3%, $m = 101$ at most 0.5%, and all of them are furthest off where $\kappa/m$ is large. On the right, the distance
# from the limit shrinks like $1/m$. That answers the second question: double both, and the KL doubles, for
# there are twice as many coordinates at the same KL per coordinate. With $a = \kappa/m$ the curve is
#
# $$\frac{\mathrm{KL}}{m} \;\to\; -\tfrac{1}{2} \log(1 - \rho^2), \qquad \rho = \frac{2a}{1 + \sqrt{1 + 4a^2}}$$
#
# What is $\rho$? Look at $w$ once more, now with $\kappa = m$ on every sphere.

# %%
spheres = [(11, 11.0), (101, 101.0), (1001, 1001.0)]
figures.polar_densities(spheres, "The same κ / m = 1 on three spheres")

# %% [markdown]
# $\rho$ is the value that $w$ settles on, and at $\kappa = m$ it is 0.618, the golden ratio conjugate. In high
# dimensions the vMF is no longer a peak with its points around $\mu$. They form a thin ring, 52° away from $\mu$, and
# none of them comes near it.
#
# The ring explains the curve. It is a sphere of its own, with radius $\sqrt{1-\rho^2}$. Shrinking a sphere by that
# factor in $m$ directions leaves a fraction $(1-\rho^2)^{m/2}$ of the surface; minus the logarithm of that fraction is
# the KL. This is a sketch, not a proof, so let us check the numbers:

# %%
rho = 2 / (1 + 5**0.5)
print(f"rho {rho:.3f}: {math.degrees(math.acos(rho)):.0f} degrees from mu")
print(f"limit of KL / m: {-0.5 * math.log(1 - rho**2):.4f}")
for m in (10, 100, 1000):
    print(f"m = {m}: {kl(m, float(m)) / m:.4f}")

# %% [markdown]
# ## Where the formula underflows
#
# For large $v$ the number $I_v(\kappa)$ is smaller than any number that a float can hold. Give `naive_kl` a $\kappa$ of
# 1, the smallest that the papers' models allow, and increase $m$ until it breaks:

# %%
for dtype in (np.float32, np.float64):
    one = np.ones(1, dtype)
    failing = next(m for m in range(2, 1000) if not np.isfinite(naive_kl(m, one)))
    print(f"{dtype.__name__}: m = {failing} gives {naive_kl(failing, one)[0]}, exact {kl(failing, 1.0):.6f}")

# %%
figures.where_naive_kl_fails(naive_kl)

# %% [markdown]
# In the red region `ive` returns 0, whose logarithm is $-\infty$, and $A$ is 0/0. The dark region beside it is worse,
# because nobody notices: three large terms nearly cancel, and the answer is finite, with two correct digits or none.
# Twice as many bits move the border but do not remove it.
#
# The cure is never to compute the Bessel function itself. svae_lib has series for its logarithm and for the KL itself,
# arranged so that nothing cancels; appendix [A](A_bessel.ipynb) builds the one for the logarithm. In float32, at
# $m = 1001$:

# %%
print(f"naive: {naive_kl(1001, np.ones(1, np.float32))[0]}")
print(f"svae_lib: {kl(1001, 1.0):.4e} (kappa^2 / 2m = {1 / 2002:.4e})")

# %% [markdown]
# ### Move it
#
# The dot is your vMF: on the left, on its curve; on the right, on the map of where the naive formula works. Move it,
# type into the boxes, and switch between float32 and float64.

# %%
KLPanel()

# %% [markdown]
# At $m = 3$ the naive formula is right. At $\kappa = 10$ and $m = 150$ it returns NaN in float32, not in float64. Press
# "κ = 1, m = 66", and see the naive formula's red line leave the exact one and end just before the dot. Then hold
# $\kappa$ fixed and move $m$ from 2 to 400: the dot slides down the curve that large spheres share.

# %% [markdown]
# ## The floor of $\kappa$
#
# An encoder outputs any real number $s$, but $\kappa$ must not be negative. The papers take
# $\kappa = 1 + \mathrm{softplus}(s)$. The 1 keeps training away from $\kappa = 0$, where a sample says nothing about
# $\mu$. How much KL does it cost?

# %%
figures.concentration_floor()

# %% [markdown]
# Whatever the encoder outputs, the KL on a single sphere is at least the height at the left end of its solid line:
# little for $S^2$, and next to nothing for $S^{40}$. But in a product of spheres each factor adds its own. Twenty
# factors $S^2$ cost 3 nats even when the code carries no information; forty circles cost 8. Without the floor, on the
# dotted lines, such a code is free.
#
# The other end matters more. An untrained encoder outputs $s \approx 0$:

# %%
kappa = 1 + math.log(2)  # 1 + softplus(0)
for m in (3, 41):
    mean = VonMisesFisher(torch.eye(m)[0], kappa).mean[0]
    print(f"m = {m}: {kl(m, kappa):.2f} nats, E[w] = {mean:.2f}")

# %% [markdown]
# On $S^{40}$ such a code is noise: $w$ averages 0.04. To carry information, $\kappa$ has to grow with $m$. How fast
# depends on how much it is to carry. For a *fixed* number of nats the order of $\sqrt{m}$ is enough, since the cost is
# $\kappa^2 / 2m$; for a fixed number of nats *per coordinate*, which is what it takes to say something about each of
# the $m$ coordinates, it is the order of $m$:

# %%
for m, concentration in ((41, 13.75), (1001, 63.5), (1001, 100.0), (1001, 1001.0)):
    print(f"m = {m:4}, kappa = {concentration:7.2f}: {kl(m, concentration):6.2f} nats")

# %% [markdown]
# That is why svae_lib, unless told otherwise, keeps the papers' floor but not their softplus: its
# $\kappa = 1 + m / \mathrm{softplus}(-s)^2$ grows with $m$, and is already $1 + 2.1\, m$ at $s = 0$.
#
# ## Does the surface vanish?
#
# The papers found that in high dimensions spheres score worse than flat spaces, and named a suspect: the area of the
# unit sphere shrinks to nothing as $m$ grows. This *vanishing surface* is a heuristic, and it has a flaw. The area of
# $S^2$ is in square meters, that of $S^{40}$ in meters to the 40th power. Which is more, 5 square meters or 5 meters?
# Change the unit of length, and see:

# %%
figures.surface_areas()

# %% [markdown]
# Measure in half meters instead of meters, which doubles the radius, and the "largest" sphere is a different one. With
# radius 2 the area grows up to $m = 26$. On the right there is one line for all three radii, because the KL does not
# depend on the radius. Areas enter the KL only as a ratio, that of the area which the vMF covers to the whole sphere.
# What does change with $m$ is the KL on the curve above: the same $\kappa$ is worth $\kappa^2 / 2m$ nats, less and less
# as $m$ grows, unless $\kappa$ grows like $\sqrt{m}$ at least.

# %% [markdown]
# ## Exercises
#
# Each check prints one line and plots your answer against the truth. ★ takes about 5 minutes, ★★ 15, ★★★ 30.

# %% [markdown]
# ### Exercise 2.1 ★: the slope of the KL
#
# Training needs $d\,\mathrm{KL}/d\kappa$. Find it from $\mathrm{KL} = \kappa A + \log C + \log S_m$ by hand, given
#
# $$\frac{d}{d\kappa} \log C_m = -A, \qquad A' = 1 - A^2 - \frac{m-1}{\kappa} A$$
#
# You get $\kappa$ and $A$, both of shape `(K,)`. Return the slope, shape `(K,)`. No Bessel function is needed.


# %%
def slope(m, kappa, A):
    return None


check.ex2_1(slope)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The product rule gives two terms for $\kappa A$. One of them does not survive.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def slope(m, kappa, A):
#     return kappa * (1 - A**2) - (m - 1) * A
# ```
#
# $A + \kappa A' - A = \kappa A'$. And $A'$ is the variance of $w$: where the vMF is a sharp peak, a larger $\kappa$
# hardly costs more. svae_lib uses $\kappa A'$ for its backward pass, and so never differentiates through a Bessel
# function.
#
# </details>

# %% [markdown]
# ### Exercise 2.2 ★★: the concentration for 2 nats
#
# You get a function `kl` of $\kappa$ alone, for a sphere you do not know, and a number of nats. Return the $\kappa$, a
# number, that has this KL. The check tries spheres from $m = 2$ to $m = 101$.


# %%
def concentration(kl, nats):
    return None


check.ex2_2(concentration)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The KL grows with $\kappa$, from 0 and without bound. Halve an interval, and keep the half in which the KL passes the
# target.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def concentration(kl, nats):
#     low, high = 0.0, 1e4
#     for _ in range(60):
#         middle = (low + high) / 2
#         low, high = (middle, high) if kl(middle) < nats else (low, middle)
#     return high
# ```
#
# Two nats take a $\kappa$ of 24 on the circle, of 8 from $m = 5$ to $8$, and of close to $2\sqrt{m}$ in high
# dimensions, where the KL is $\kappa^2/2m$.
#
# </details>

# %% [markdown]
# ### Exercise 2.3 ★★: does the radius matter?
#
# Let the sphere have radius $r$. A point on it is $z = r y$ with $y$ on the unit sphere; $y$ follows a vMF, and the
# prior is uniform on the sphere of radius $r$. You get $A$, $\log C$ and $\log S_m$ of the *unit* sphere. Return two
# numbers, as a tensor of shape `(2,)`: the mean of $\log q(z)$ under $q$, and the mean of $\log p(z)$. Their difference
# is the KL. What does $r$ do to it?


# %%
def logs_on_radius(m, kappa, A, log_C, log_area, r):
    return None


check.ex2_3(logs_on_radius)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A density is probability per area. By what factor does stretching by $r$ enlarge an area on a sphere of dimension
# $m - 1$? Which does it affect: $q$, $p$, or both?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# import math
#
#
# def logs_on_radius(m, kappa, A, log_C, log_area, r):
#     log_stretch = (m - 1) * math.log(r)
#     return torch.tensor([kappa * A + log_C - log_stretch, -log_area - log_stretch])
# ```
#
# Both change with $r$, by the same amount, so the stretch cancels in the KL. So would any other change of units: a KL
# compares two densities at the same place.
#
# </details>

# %% [markdown]
# ### Exercise 2.4 ★: read it off the panel
#
# Go back to the panel, set $\kappa = 10$ and float32, and raise $m$ until the naive formula returns `nan`. Which is the
# first such $m$? What does the status line say at the $m$ just before it?


# %%
def reading():
    return None


check.ex2_4(reading)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The edge of the red region on the right says about where; the status line says it exactly. Type into the box, then use
# the arrow keys.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def reading():
#     return 124
# ```
#
# The order of the Bessel function is $m/2 - 1 = 61$ there, and $e^{-10} I_{61}(10)$ is below $10^{-45}$, the smallest
# number of float32. On the way the red line leaves the exact one: the smallest numbers of float32 have lost most of
# their digits, and the logarithm of such a number is wrong long before it is infinite.
#
# </details>

# %% [markdown]
# ### Exercise 2.5 ★★★: a KL that does not underflow
#
# The Bessel function is a power that may underflow, times a series that cannot:
#
# $I_v(\kappa) = \frac{(\kappa/2)^v}{\Gamma(v+1)}\, F_v(\kappa)$ with
# $F_v(\kappa) = \sum_{k=0}^\infty \frac{(\kappa^2/4)^k}{k!\, (v+1)(v+2) \cdots (v+k)} \ge 1$.
#
# Put this into $A_m$ and into $\log C_m$ on paper: what is left of the KL? Then return it for an integer $m$ and
# $\kappa$ of shape `(K,)`, up to 30, in float64. It must work for $m = 1001$ too. You need neither `ive` nor `lgamma`.


# %%
def stable_kl(m, kappa):
    return None


check.ex2_5(stable_kl)

# %% [markdown]
# <details><summary>Hint</summary>
#
# In $\kappa A + \log C + \log S_m$ the power, the $\Gamma$ and the area cancel, and $\kappa A - \log F_v$ is left. The
# ratio is $A = \frac{\kappa}{2(v+1)} \frac{F_{v+1}}{F_v}$. Sum term by term: each is the one before it times
# $\frac{\kappa^2/4}{k (v + k)}$.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def series(v, kappa):
#     term = total = torch.ones_like(kappa)
#     for k in range(1, 100):
#         term = term * (kappa**2 / 4) / (k * (v + k))
#         total = total + term
#     return total
#
#
# def stable_kl(m, kappa):
#     v = m / 2 - 1
#     A = kappa / (2 * v + 2) * series(v + 1, kappa) / series(v, kappa)
#     return kappa * A - series(v, kappa).log()
# ```
#
# Every term is positive, so no digit is lost. For large $\kappa$ the series needs more and more terms, and in the end
# it overflows; there svae_lib changes over to another expansion (the last reference).
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
# - A concentration has no cost of its own. $\kappa = 10$ has a KL of 2.0 nats at $m = 3$, 2.4 at $m = 11$ and 0.5 at
#   $m = 101$.
# - The KL per coordinate depends on $\kappa / m$, on one curve for all spheres of high dimension. At $\kappa = m$ it is
#   0.24 nats, and the points form a ring 52° away from $\mu$. For a fixed number of nats, $\sqrt{m}$ is enough.
# - The formula with $\log I_v$ in it underflows at $m = 66$ in float32 and at $m = 299$ in float64, if $\kappa = 1$.
#
# ## Recap
#
# <details><summary>How must κ grow with m if the KL is to stay 2 nats?</summary>
#
# Like $\sqrt{m}$: where $\kappa$ is small compared with $m$ the KL is $\kappa^2 / 2m$, so $\kappa \approx 2\sqrt{m}$.
#
# </details>
#
# <details><summary>Why does the naive formula return NaN at m = 66, and wrong numbers before?</summary>
#
# In float32 $e^{-1} I_{32}(1)$ is smaller than the smallest number, so that `ive` returns 0: its logarithm is infinite,
# and the ratio is 0/0. Before, numbers just above the smallest one have few digits, and three large terms cancel.
#
# </details>
#
# <details><summary>From chapter 1: a sampler returns 200,000 values of w without an error. What do you test?</summary>
#
# Their mean against $A_m(\kappa)$, which is known exactly, at every $m$ and $\kappa$ you use: within a few standard
# errors.
#
# </details>
#
# ## Sharp bits
#
# - **Never compare $\kappa$ across spheres.** Compare nats, or $\kappa/m$.
# - **$m$ or $d$.** The sphere $S^d$ has ambient dimension $m = d + 1$. At $\kappa = 1$ in float32, the last sphere for
#   which the naive formula works is $S^{64}$, in $\mathbb{R}^{65}$.
# - **A limit is a limit.** At $\kappa = m$ the truth lies 12% above it on $S^2$, and 3% at $m = 11$.
# - **Floors add up.** `Sphere(2, concentration_floor=0)` removes the floor of one factor.
# - **The decoder sees the radius.** The KL does not, but a decoder that reads longer vectors is a different network.
#   The papers take radius 1; svae_lib takes $\sqrt{m}$ unless told otherwise, at which coordinates have standard
#   deviation 1 under the prior.
# - **A cost is not a value.** Nothing on this page says what a nat of code is worth in reconstruction. That is
#   chapter 3.
#
# ## References
#
# - Davidson, Falorsi, De Cao, Kipf, Tomczak.
#   [Hyperspherical Variational Auto-Encoders](https://arxiv.org/abs/1804.00891), UAI 2018. The KL, in its appendix B.
# - Davidson, Tomczak, Gavves.
#   [Increasing Expressivity of a Hyperspherical VAE](https://arxiv.org/abs/1910.02912), 2019. Products of spheres, and
#   the vanishing surface.
# - Mardia, Jupp. Directional Statistics, Wiley 2000. Section 9.3.
# - NIST Digital Library of Mathematical Functions,
#   [section 10.41](https://dlmf.nist.gov/10.41). The expansion for large orders behind svae_lib's `log_ive`.

# %% [markdown]
# Previous: [1 · Sampling on a sphere](01_vmf_sampling.ipynb) ·
# Next: [3 · Training on MNIST](03_training_on_mnist.ipynb)
