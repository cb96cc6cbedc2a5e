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
# 30 minutes. You need PyTorch and a first acquaintance with variational auto-encoders. Afterwards you can
#
# - say what a concentration costs, in nats, on a sphere of any size;
# - compare concentrations across spheres, by one curve that serves them all;
# - tell why the formula in the paper fails on a computer, and from which sphere on;
# - judge the story of the "vanishing surface".

# %% [markdown]
# ## The question
#
# A spherical VAE writes each code as a bell on the sphere: the von Mises–Fisher distribution, or vMF, with density
# proportional to $e^{\kappa \langle \mu, z \rangle}$. Its prior is uniform. For every image the ELBO pays the KL
# between the two, and since the uniform prior knows no direction, $\mu$ is free. The price depends on the
# concentration $\kappa$ and on the number of coordinates $m$; the sphere in $\mathbb{R}^m$ is $S^{m-1}$.
#
# So one picture could show every price there is.

# %% [markdown]
# ## Predict
#
# Write down your answers before you go on.
#
# 1. On $S^2$, where $m = 3$, a bell with $\kappa = 10$ costs 2.0 nats. With $m = 11$, and with $m = 101$: is it more or
#    less?
# 2. Double both $\kappa$ and $m$. What happens to the price?
# 3. Type the formula for the KL into a program, in float32. Up to which $m$ will it work?

# %%
import torch
from torch.distributions import kl_divergence

from svae_lib import HypersphericalUniform, VonMisesFisher, plotting


def kl(m, kappa):
    bell = VonMisesFisher(torch.eye(m)[0], kappa)
    return kl_divergence(bell, HypersphericalUniform(m)).item()


print(f"m = 3, kappa = 10: {kl(3, 10.0):.1f} nats")

# %%
plotting.kl_curves()

# %% [markdown]
# In words: on the left, each sphere begins as a straight line of slope 2, so the price grows like $\kappa^2$. Then it
# bends, and grows like $\log \kappa$. On the right, $\kappa$ is held still. The price climbs with $m$ to a summit,
# and falls ever after. There is no answer without naming the sphere:

# %%
for m in (3, 11, 101):
    print(f"m = {m}: {kl(m, 10.0):.2f} nats")
print("dearest at m =", max(range(2, 200), key=lambda m: kl(m, 10.0)))

# %% [markdown]
# ## Why it climbs and why it falls
#
# The two densities differ by a factor that depends on $z$ through one number only, $w = \langle \mu, z \rangle$. So the
# KL on the sphere is the KL between two laws of $w$. Those we can draw.

# %%
spheres = [(3, 10.0), (11, 10.0), (101, 10.0)]
plotting.polar_densities(spheres, "The same κ = 10 on three spheres")

# %% [markdown]
# In words: with three coordinates, the uniform $w$ is flat and the bell presses it to the top. With eleven the bell
# must leave the equator, where nearly all of the sphere lies: this is dearer. With 101 both stay at the equator. The
# same pull, shared by so many coordinates, moves $w$ by about one spread of the uniform law:

# %%
m, kappa = 101, 10.0
spread = HypersphericalUniform(m).variance[0] ** 0.5
shift = VonMisesFisher(torch.eye(m)[0], kappa).mean[0]
print(f"spread {spread:.2f}, shift {shift:.2f}")
print(f"(shift / spread)^2 / 2 = {(shift / spread) ** 2 / 2:.2f} nats")

# %% [markdown]
# One half of the squared shift is the KL of two normal laws with the same spread, and that is what $w$ has become.
# Where $\kappa$ is small beside $m$, the shift is $\kappa/m$, the spread $1/\sqrt{m}$, and the price
# $\kappa^2 / 2m$.
#
# ## The formula
#
# Write $A_m(\kappa)$ for the mean of $w$, $C_m(\kappa)$ for the constant that makes the bell a density, and
# $|S^{m-1}|$ for the area of the sphere. Both $A$ and $C$ come from the modified Bessel function $I$:
#
# $$\mathrm{KL} = \mathbb{E}_q[\log q(z) - \log p(z)] = \kappa\, A_m(\kappa) + \log C_m(\kappa) + \log |S^{m-1}|$$
#
# $$A_m(\kappa) = \frac{I_{m/2}(\kappa)}{I_{m/2-1}(\kappa)}, \qquad
# C_m(\kappa) = \frac{\kappa^{m/2-1}}{(2\pi)^{m/2}\, I_{m/2-1}(\kappa)}$$
#
# ### From scratch
#
# SciPy has $e^{-\kappa} I_v(\kappa)$ under the name `ive`, scaled so that it does not overflow. The rest is typing:

# %%
import math

import numpy as np
from scipy.special import ive

from svae_lib.ops.sphere import log_surface_area


@np.errstate(all="ignore")  # no warnings: we shall see for ourselves
def naive_kl(m, kappa):
    v = m / 2 - 1
    bessel = ive(v, kappa)
    A = ive(v + 1, kappa) / bessel
    log_C = v * np.log(kappa) - m / 2 * math.log(2 * math.pi) - np.log(bessel) - kappa
    return kappa * A + log_C + log_surface_area(m)


# %% [markdown]
# ### The same with svae_lib
#
# And a third way: draw from the bell, and average $\log q - \log p$.

# %%
torch.manual_seed(0)
bell, prior = VonMisesFisher(torch.eye(11)[0], 10.0), HypersphericalUniform(11)
z = bell.sample((20_000,))
drawn = (bell.log_prob(z) - prior.log_prob(z)).mean()
print(f"from scratch {naive_kl(11, 10.0):.3f}, svae_lib {kl(11, 10.0):.3f}")
print("20,000 draws agree to 0.05 nats:", bool(abs(drawn - kl(11, 10.0)) < 0.05))

# %% [markdown]
# ## One curve for every sphere
#
# In the first picture the summits stand at $m = 8$ for $\kappa = 10$ and, about ten times as far, for $\kappa = 100$.
# That is a hint: what counts is not $\kappa$ but $\kappa / m$. Divide both axes by $m$.

# %%
plotting.kl_collapse()

# %% [markdown]
# In words: from $m = 11$ on the spheres fall on one curve; the small ones leave it where $\kappa/m$ is large. On the
# right, the distance from the limit shrinks like $1/m$. So the answer to the second prediction: double both, and you
# pay twice, for there are twice as many coordinates at the same price. With $a = \kappa/m$ the curve is
#
# $$\frac{\mathrm{KL}}{m} \;\to\; -\tfrac{1}{2} \log(1 - \rho^2), \qquad \rho = \frac{2a}{1 + \sqrt{1 + 4a^2}}$$
#
# What is $\rho$? Look at $w$ once more, now with $\kappa = m$ on every sphere.

# %%
spheres = [(11, 11.0), (101, 101.0), (1001, 1001.0)]
plotting.polar_densities(spheres, "The same κ / m = 1 on three spheres")

# %% [markdown]
# In words: $\rho$ is where $w$ comes to rest, and at $\kappa = m$ it is 0.618, the golden section. In high dimensions
# the bell is no bell. It is a thin ring around $\mu$, 52° away from it, and none of its points comes near $\mu$.
#
# The ring explains the curve. It is a sphere of its own, with radius $\sqrt{1-\rho^2}$. Shrinking a sphere by that
# factor in $m$ directions leaves a share $(1-\rho^2)^{m/2}$ of the surface; minus the logarithm of the share is the
# price. This is a sketch and no proof, so let us count:

# %%
rho = 2 / (1 + 5**0.5)
print(f"rho {rho:.3f}: {math.degrees(math.acos(rho)):.0f} degrees from mu")
print(f"limit of KL / m: {-0.5 * math.log(1 - rho**2):.4f}")
for m in (10, 100, 1000):
    print(f"m = {m}: {kl(m, float(m)) / m:.4f}")

# %% [markdown]
# ## Where the formula dies
#
# For large $v$ the number $I_v(\kappa)$ is smaller than any that a float can hold. Give `naive_kl` a $\kappa$ of 1,
# the smallest that the papers' models allow, and enlarge the sphere until it breaks:

# %%
for dtype in (np.float32, np.float64):
    one = np.ones(1, dtype)
    dead = next(m for m in range(2, 1000) if not np.isfinite(naive_kl(m, one)))
    print(f"{dtype.__name__}: m = {dead} gives {naive_kl(dead, one)[0]}, exact {kl(dead, 1.0):.6f}")

# %%
plotting.where_naive_dies(naive_kl)

# %% [markdown]
# In words: in the red region `ive` returns 0, whose logarithm is $-\infty$, and $A$ is 0/0. Beside it, dark, lies a
# region that is worse, because nobody notices: three large terms nearly cancel, and the answer is finite, with two
# correct digits or none. Twice the bits move the border and do not remove it.
#
# The cure is never to form the Bessel function. svae_lib has series for its logarithm and for the KL itself, arranged
# so that nothing cancels. In float32, with a thousand coordinates:

# %%
print(f"naive: {naive_kl(1001, np.ones(1, np.float32))[0]}")
print(f"svae_lib: {kl(1001, 1.0):.4e} (kappa^2 / 2m = {1 / 2002:.4e})")

# %% [markdown]
# ### Move it
#
# The dot is your bell: on the left on its curve, on the right on the map of what the naive formula can reach. Move it,
# type into the boxes, and change the floats.

# %%
from svae_lib.widgets import KLPanel

KLPanel()

# %% [markdown]
# In words: with three coordinates the naive formula is right. With $\kappa = 10$ and $m = 150$ it is dead in float32
# and lives in float64. Press "κ = 1, m = 66", and see its red line stray and end, just before the dot. Then hold
# $\kappa$ and pull $m$ from 2 to 400: the dot slides down the one curve that all spheres share.

# %% [markdown]
# ## The floor of $\kappa$
#
# An encoder gives any number $s$, and $\kappa$ must not be negative. The papers take
# $\kappa = 1 + \mathrm{softplus}(s)$. The 1 keeps training away from $\kappa = 0$, where a draw says nothing of $\mu$.
# What does it cost?

# %%
plotting.concentration_floor()

# %% [markdown]
# In words: whatever the encoder says, a single sphere pays at least the height at the left of its solid line, little
# for $S^2$ and next to nothing for $S^{40}$. But in a product of spheres each factor pays. Twenty times $S^2$ costs
# 3 nats before a word is said, forty circles cost 8. Without the floor, on the dotted lines, silence is free.
#
# The other end matters more. An untrained encoder says $s \approx 0$:

# %%
kappa = 1 + math.log(2)  # 1 + softplus(0)
for m in (3, 41):
    mean = VonMisesFisher(torch.eye(m)[0], kappa).mean[0]
    print(f"m = {m}: {kl(m, kappa):.2f} nats, E[w] = {mean:.2f}")

# %% [markdown]
# On $S^{40}$ such a code is noise: $w$ averages 0.04. To say anything, $\kappa$ has to grow to the order of $m$.
#
# ## Does the surface vanish?
#
# The papers found that large spheres score worse than large planes, and named a suspect: the area of the unit sphere
# shrinks to nothing as $m$ grows. This *vanishing surface* is a heuristic, and it has a flaw. The area of $S^2$ is in
# square meters, that of $S^{40}$ in meters to the power 40. Which is more, 5 square meters or 5 meters? Change the unit
# of length, and see:

# %%
plotting.surface_areas()

# %% [markdown]
# In words: measure in half meters instead of meters, which doubles the radius, and the "largest" sphere is another.
# With radius 2 the area grows up to $m = 26$. On the right there is one line for all three radii, because the KL
# does not see the radius. Nor does it see areas but in a ratio, that of the bell to the sphere. What does change with
# $m$ is the price on the curve above: a $\kappa$ that stays small beside $m$ buys next to nothing.

# %% [markdown]
# ## Exercises
#
# Each check prints one line and draws your answer against the truth.

# %%
from svae_lib import exercises as check

# %% [markdown]
# ### Exercise 2.1: the slope of the price
#
# Training needs $d\,\mathrm{KL}/d\kappa$. Find it from $\mathrm{KL} = \kappa A + \log C + \log|S^{m-1}|$ by hand, given
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
# $A + \kappa A' - A = \kappa A'$. And $A'$ is the variance of $w$: where the bell is sharp, more $\kappa$ hardly
# costs more. svae_lib uses $\kappa A'$ for its backward pass, and so never differentiates through a Bessel function.
#
# </details>

# %% [markdown]
# ### Exercise 2.2: the concentration for 2 nats
#
# You get a function `kl` of $\kappa$ alone, for a sphere you do not know, and a price. Return the $\kappa$, a number,
# that costs this much. The check asks for spheres from $m = 2$ to $m = 101$.


# %%
def concentration(kl, nats):
    return None


check.ex2_2(concentration)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The price grows with $\kappa$, from 0 and without bound. Halve an interval, and keep the half in which the price
# is passed.
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
# Two nats take a $\kappa$ of 24 on the circle, of 8 from $m = 5$ to $8$, and of close to $2\sqrt{m}$ on large spheres,
# where the price is $\kappa^2/2m$.
#
# </details>

# %% [markdown]
# ### Exercise 2.3: does the radius matter?
#
# Let the sphere have radius $r$. A point on it is $z = r y$ with $y$ on the unit sphere, $y$ follows the bell, and the
# prior is uniform on the large sphere. You get $A$, $\log C$ and $\log|S^{m-1}|$ of the *unit* sphere. Write down the
# mean of $\log q(z)$, then $\log p(z)$, and return the KL, a number.


# %%
def kl_on_radius(m, kappa, A, log_C, log_area, r):
    return None


check.ex2_3(kl_on_radius)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A density is probability per area. By which factor does stretching by $r$ enlarge an area on a sphere of dimension
# $m - 1$? Whom does it concern: $q$, $p$, or both?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def kl_on_radius(m, kappa, A, log_C, log_area, r):
#     log_stretch = (m - 1) * torch.tensor(r).log()
#     log_q = kappa * A + log_C - log_stretch
#     log_p = -log_area - log_stretch
#     return log_q - log_p
# ```
#
# The stretch cancels. So would any other change of units: a KL compares two densities at the same place.
#
# </details>

# %% [markdown]
# ## What we saw
#
# - A concentration has no price of its own. $\kappa = 10$ costs 2.0 nats at $m = 3$, 2.4 at $m = 11$ and 0.5 at
#   $m = 101$.
# - The price per coordinate depends on $\kappa / m$, on one curve for all large spheres. At $\kappa = m$ it is 0.24
#   nats, and the bell is a ring 52° away from $\mu$.
# - The formula with $\log I_v$ in it dies at $m = 66$ in float32 and at $m = 299$ in float64, if $\kappa = 1$.
#
# ## Sharp bits
#
# - **Never compare $\kappa$ across spheres.** Compare nats, or $\kappa/m$.
# - **$m$ or $d$.** The sphere $S^d$ has $m = d + 1$ coordinates. The last sphere that float32 prices naively at
#   $\kappa = 1$ is $S^{64}$, in $\mathbb{R}^{65}$.
# - **A limit is a limit.** At $\kappa = m$ the truth lies 12 % above it on $S^2$, and 3 % with eleven coordinates.
# - **Floors add up.** `Sphere(2, concentration_floor=0)` removes the floor of one factor.
# - **The decoder sees the radius.** The KL does not, but a decoder fed with longer vectors is another network.
# - **A price is not a value.** Nothing on this page says what a nat of code is worth in reconstruction. That is
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
