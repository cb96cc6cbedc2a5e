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
# # 8 · Other distributions on the sphere
#
# **Is there a cheaper distribution on the sphere?**
#
# 35 minutes. You need chapters [1](01_vmf_sampling.ipynb) and [2](02_kl_across_dimensions.ipynb): how a von
# Mises-Fisher distribution is sampled, and what its concentration costs. By the end you will be able to
#
# - name two other distributions around a direction, and sample from each in a few lines;
# - compare distributions at equal KL, and say why equal $\kappa$ misleads;
# - say where they differ, in their tails, and whether a VAE notices.
#
# Previous: [7 · Gradients through a rejection](07_gradients.ipynb) ·
# Next: [9 · Clustering directions](09_clustering_directions.ipynb)

# %% [markdown]
# ## The question
#
# The von Mises-Fisher distribution, or vMF, is awkward: its normalizing constant is a Bessel function, and its sampler
# rejects proposals. Two other families also put their mass around a mean direction $\mu$, and need neither. With
# $w = \langle \mu, z \rangle$, the cosine of the angle to $\mu$, the three densities are proportional to
#
# $$e^{\kappa w}, \qquad (1 + w)^{\kappa}, \qquad
# \Big(1 + \frac{\kappa\,(1 - w)}{m - 1}\Big)^{-(m-1)}$$
#
# They are the vMF, the *Power Spherical* and the *spherical Cauchy* distribution. Each is uniform at $\kappa = 0$, and
# closes in on $\mu$ as $\kappa$ grows. If a simpler family does the same work, why use the vMF?

# %% [markdown]
# ## Predict
#
# Write down your answers before you go on.
#
# 1. On $S^2$, where $m = 3$, give all three the same $\kappa = 10$. Is their KL to the uniform distribution the same?
# 2. Now give them the same KL, 2 nats. Of 100,000 samples, how many lie more than 90° from $\mu$ in each family?
# 3. Which of the three will give the VAE with the best score?

# %%
import torch
from torch.distributions import kl_divergence

from svae_course import stored_runs
from svae_course.chapter_08 import exercises as check
from svae_course.chapter_08 import figures
from svae_course.chapter_08.families import FAMILIES, at_pole, beyond_right_angle, concentration_at_kl
from svae_course.chapter_08.panel import FamiliesPanel
from svae_course.checking import progress
from svae_lib import HypersphericalUniform, SphericalCauchy, VonMisesFisher

for family, distribution in FAMILIES.items():
    print(f"{family}: {distribution.__name__}(loc, concentration)")

# %% [markdown]
# Run this cell first (Shift+Enter); every cell below then runs alone.
#
# ## The same $\kappa$ means three things

# %%
figures.same_concentration()

# %% [markdown]
# At the same $\kappa$ the three lines lie apart on $S^2$, by more than a factor of 2 in places. At $m = 101$ they
# nearly coincide as long as $\kappa$ is small compared with $m$, and the vMF's rises above the other two later. So a
# $\kappa$ has no meaning without its family, and a comparison at equal $\kappa$ compares three different KLs:

# %%
for m in (3, 101):
    costs = [kl_divergence(at_pole(family, m, 10.0), HypersphericalUniform(m)).item() for family in FAMILIES]
    print(f"m = {m}, kappa = 10:", ", ".join(f"{cost:.2f}" for cost in costs), "nats")

# %% [markdown]
# That answers the first question: 2.00, 1.49 and 0.88 nats on $S^2$. Near $\mu$, all three densities look like
# $e^{-c\,(1 - w)}$, with $c = \kappa$, $\kappa/2$ and $\kappa$. Hence the rule of thumb that Power Spherical needs
# twice the $\kappa$ of a vMF. It holds for narrow peaks. For the spherical Cauchy there is no such rule: its density
# looks like the vMF's only where $\kappa\,(1 - w)$ is small compared with $m - 1$. With few dimensions that is just the
# top of the peak. To compare the three at every width, give them the same KL, which is what the ELBO charges.
#
# ## At equal KL
#
# Drag the KL or $m$. Each family gets the $\kappa$ that has exactly this KL; the status line names all three. On the
# left is the density of the angle to $\mu$, on the right the probability of a larger angle, on a logarithmic axis.

# %%
FamiliesPanel()

# %% [markdown]
# At 2 nats on $S^2$ the first two families are hard to tell apart on the left, and the Cauchy has a sharper peak; on
# the right the three differ by powers of ten. Press "10 nats, m = 101": the three peaks lie at nearly the same angle,
# and only the tails differ. The second question:

# %%
for family in FAMILIES:
    kappa, share = concentration_at_kl(family, 3, 2.0), beyond_right_angle(family, 3, 2.0)
    print(f"{family}: kappa = {kappa:.1f}, {100_000 * share:.1f} of 100,000 samples beyond 90 degrees")

# %% [markdown]
# Power Spherical has some twenty times fewer there than the vMF, the Cauchy 500 times more: one of its samples in 50
# lies in the far hemisphere.

# %%
figures.sample_spread()

# %% [markdown]
# Each panel shows 1,500 samples; the distance from the middle is the angle to $\mu$. The samples of the first two
# families stay within a disc. The third has a denser core, but some of its samples lie far out. In a VAE the decoder
# has to reconstruct the image from those too.

# %%
figures.equal_kl()

# %% [markdown]
# In higher dimensions the difference shrinks. Most of the mass of each distribution lies in a thin ring at some angle
# from $\mu$ (chapter 2), and at equal KL the rings nearly coincide. The tails keep their order:
# lightest in Power Spherical, whose density is 0 at $-\mu$, then the vMF, then the Cauchy.
#
# ## Where the spherical Cauchy comes from
#
# Take uniform points $u$ of the sphere. A Möbius map takes the ball to itself and its center to $\rho\mu$, with
# $0 \le \rho < 1$. The sphere stays where it is, and each of its points moves to
#
# $$z = \frac{(1 - \rho^2)\,(u + \rho\mu)}{|u + \rho\mu|^2} + \rho\mu, \qquad
# \kappa = \frac{2 (m-1)\, \rho}{(1 - \rho)^2}$$

# %%
figures.moebius()

# %% [markdown]
# The gray dots are evenly spaced points (drawn on a smaller circle), the blue ones are where the map takes them. The
# closer $\rho$ is to 1, the more they crowd around $\mu$, and a few remain on the far side: these are the tails. On the
# circle the mean of the moved points is $\rho\mu$ itself, the triangle.
#
# ### From scratch
#
# In terms of the angle $\theta$ to $\mu$ the map is simple: it divides $\tan(\theta/2)$ by
# $(1 + \rho)/(1 - \rho) = \sqrt{1 + 2\kappa/(m-1)}$. With $\tan^2(\theta/2) = (1 - \cos\theta)/(1 + \cos\theta)$ that
# gives a sampler of $w$ without rejection, in four lines:


# %%
def cauchy_cosine(kappa, m, n):
    u = torch.nn.functional.normalize(torch.randn(n, m), dim=-1)[:, 0]
    half_tangent = ((1 - u) / (1 + u)).sqrt() / (1 + 2 * kappa / (m - 1)) ** 0.5
    return (1 - half_tangent**2) / (1 + half_tangent**2)


torch.manual_seed(0)
w = cauchy_cosine(20.0, 5, 100_000)

# %% [markdown]
# ### The same with svae_lib
#
# The sample is a smooth function of $\kappa$ and of the noise $u$. So it can be differentiated as it stands, without
# the correction that the accepted proposals of the vMF's sampler need (chapter 1):

# %%
cauchy = SphericalCauchy(torch.eye(5)[0], 20.0)
print(f"mean of w: from scratch {w.mean():.2f}, svae_lib {cauchy.mean[0]:.2f}")
kappa = torch.tensor(20.0, requires_grad=True)
z = SphericalCauchy(torch.eye(5)[0], kappa).rsample((100_000,))
slope = torch.autograd.grad(z[:, 0].mean(), kappa)[0]
exact = torch.autograd.grad(SphericalCauchy(torch.eye(5)[0], kappa).mean[0], kappa)[0]
print(f"dE[w]/dkappa: from samples {slope:.4f}, exact {exact:.4f}")

# %% [markdown]
# Its KL is symmetric. The inverse of the Möbius map is the same map with $-\mu$ in place of $\mu$, and the uniform
# distribution favors neither. So the KL *from* the uniform distribution is the KL *to* it, which holds for neither of
# the others:

# %%
uniform = HypersphericalUniform(5)
for distribution in (cauchy, VonMisesFisher(torch.eye(5)[0], 20.0)):
    there, back = kl_divergence(distribution, uniform), kl_divergence(uniform, distribution)
    print(f"{type(distribution).__name__}: {there:.3f} and {back:.3f} nats")

# %% [markdown]
# ## What a sample costs
#
# The processor time of a batch of samples with their gradients at 4 nats, divided by the vMF's. The numbers depend on
# the machine, and change from run to run.

# %% tags=["nbval-ignore-output"]
for family, ratios in figures.draw_times().items():
    print(f"{family:17}", "   ".join(f"m = {m}: {ratio:.2f}" for m, ratio in zip((3, 11, 101), ratios, strict=True)))

# %% [markdown]
# At $m = 11$ the other two save about half, because a vMF's gradient needs an integral for every sample. On $S^2$ they
# save less; at $m = 101$ most of the time goes into the normal noise that all three need. In a training step the
# networks take longer than any of the three: time is a weak reason to choose.
#
# ## Does a VAE notice?
#
# The runs below are stored. They were made with `svae train --latent s2`, `p2` (Power Spherical) and `c2` (spherical
# Cauchy), and likewise for the other spaces: five seeds each, 30 epochs on the 4,000 training images of mnist_5k, all
# with radius $\sqrt{m}$ and the same head for $\kappa$.

# %%
runs = stored_runs("results/heads_mnist_5k.json")
figures.seeds(runs)

# %% [markdown]
# Every mark is one run, as nats above the mean of the vMF runs on the same space; higher is better. On single spheres
# the marks of the three families overlap, and the seeds differ by as much as the families do. On five times $S^2$ the
# triangles lie below the rest. The table has the mean and its 95 % interval, the difference to the vMF, and Welch's p
# after Holm's correction over the eight comparisons (chapters 3 and 6):

# %%
print("\n".join(figures.score_table(runs)))

# %% [markdown]
# No p is below 0.05: these runs separate no family from the vMF on any space, which answers the third question. On
# single spheres the means lie within a nat of each other; the paper's radius and head move them by more than that
# (chapter 3). The encoder learns which $\kappa$ each image needs, so it does not matter that a $\kappa$ means something
# else in each family. On five times $S^2$ the Cauchy lies 1.3 nats below, at p = 0.051. A possible reason: on $S^2$ its
# tails are heavy, and a sample of five factors lies far off as soon as one of them does. That is a guess to test with
# new seeds.
#
# ## Exercises
#
# Each check prints one line and plots your answer against the truth. ★ takes about 5 minutes, ★★ 15, ★★★ 30.
#
# ### Exercise 8.1 ★★: Power Spherical from one beta variable
#
# The density of $w$ is that of the Power Spherical distribution times the area of the smaller sphere of all $z$ with
# this $w$:
#
# $$p(w) \propto (1 + w)^{\kappa}\, (1 - w^2)^{(m-3)/2}$$
#
# Write $w = 2t - 1$. Then $t$ has a beta distribution, with density proportional to $t^{a-1} (1 - t)^{b-1}$. Find $a$
# and $b$, and return `n` samples of $w$ with `torch.distributions.Beta`, shape `(n,)`. `kappa`, `m` and `n` are
# numbers.


# %%
def draw(kappa, m, n):
    return None


check.ex8_1(draw)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $1 - w^2 = (1 + w)(1 - w)$, and $1 + w = 2t$, $1 - w = 2(1 - t)$. Collect the powers of $t$ and of $1 - t$.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def draw(kappa, m, n):
#     a, b = (m - 1) / 2 + kappa, (m - 1) / 2
#     return 2 * torch.distributions.Beta(a, b).sample((n,)) - 1
# ```
#
# At $\kappa = 0$ the two are equal, and $w$ is that of a uniform point.
#
# </details>

# %% [markdown]
# ### Exercise 8.2 ★: move the sphere
#
# You get points `u` of the unit sphere, shape `(n, m)`, a direction `mu`, shape `(m,)`, and a number `rho`. Return
# their images under the Möbius map, shape `(n, m)`. Before you run the check, print their lengths: they should be 1.


# %%
def move(u, mu, rho):
    return None


check.ex8_2(move)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $u + \rho\mu$ appears twice: name it. Its squared length is one number per point; `keepdim=True` keeps the shapes
# together.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def move(u, mu, rho):
#     shifted = u + rho * mu
#     square = shifted.square().sum(-1, keepdim=True)
#     return (1 - rho**2) * shifted / square + rho * mu
# ```
#
# Applied to uniform points, this is the whole sampler of the spherical Cauchy distribution. The map with $-\mu$ in
# place of $\mu$ is its inverse.
#
# </details>

# %% [markdown]
# ### Exercise 8.3 ★: the rule of thumb
#
# Go back to the panel. Press "8 nats, m = 3", and divide Power Spherical's $\kappa$ by the vMF's. Do the same at
# "0.5 nats, m = 101". Return the ratio for each of the two, to two digits or more. Why are they not the same?


# %%
def ratio(m, nats):
    if (m, nats) == (3, 8.0):
        return None
    return None


check.ex8_3(ratio)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The status line under the panel names the three concentrations. The second ratio is not 2.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def ratio(m, nats):
#     return 8100 / 4050 if (m, nats) == (3, 8.0) else 11.0 / 10.1
# ```
#
# At 8 nats all the mass lies near $w = 1$, where $(1 + w)^\kappa$ falls like $e^{-\kappa(1 - w)/2}$: twice the $\kappa$
# of a vMF. At half a nat in $\mathbb{R}^{101}$ it lies near $w = 0$, where $(1 + w)^\kappa$ grows like $e^{\kappa w}$:
# the same $\kappa$. A factor of 2 by habit would be wrong by nearly 2 there.
#
# </details>

# %% [markdown]
# ### Exercise 8.4 ★★★: the KL by one integral
#
# Put $z$ from the Möbius map into the density of the spherical Cauchy distribution, and the KL becomes a mean over the
# uniform point: with $t = \langle \mu, u \rangle$ it is $(m-1)$ times the mean of
# $\log\big((1 + \rho^2 + 2\rho t)/(1 - \rho^2)\big)$. The density of $t$ is proportional to $(1 - t^2)^{(m-3)/2}$ on
# $[-1, 1]$. Return the KL, a number, by a sum over a grid. The check tries $m$ from 3 to 401 and $\rho$ from 0.01 to
# 0.999, to four digits: where is the density largest, and where is the logarithm steep?


# %%
def cauchy_kl(m, rho):
    return None


check.ex8_4(cauchy_kl)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Work in float64, with the midpoints of 200,000 equal parts of $[-1, 1]$ as the grid: it is fine enough for the peak of
# the density at $m = 401$, and for the logarithm near $t = -1$ at $\rho = 0.999$. Divide the weights by their sum. At
# $m = 401$ most of them underflow to 0, and that does no harm.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def cauchy_kl(m, rho):
#     t = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 100_000 - 1
#     weight = torch.softmax((m - 3) / 2 * torch.log1p(-(t**2)), 0)
#     log_ratio = torch.log1p(rho**2 + 2 * rho * t) - torch.log1p(torch.tensor(-(rho**2)))
#     return (m - 1) * (weight * log_ratio).sum()
# ```
#
# svae_lib substitutes $t = \tanh x$. In $x$ the family is one curve, $\mathrm{sech}^{m-1}$, shifted by
# $\frac12 \log(1 + 2\kappa/(m-1))$; some 20 to 100 nodes then give 14 digits for every $\rho$.
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
# - Two families need no Bessel function and no rejection: Power Spherical takes one beta variable, the spherical Cauchy
#   one Möbius map.
# - At equal $\kappa$ their KL differs by more than a factor of 2 on $S^2$. At equal KL most of their mass lies at
#   nearly the same angles, and their tails differ by powers of ten.
# - In VAEs on mnist_5k at equal settings, no difference between the three survives a test over five seeds.
#
# ## Recap
#
# <details><summary>Which of the three has the heaviest tails, and what does it cost?</summary>
#
# The spherical Cauchy: its density falls like a power of the angle. On $S^2$ at 2 nats, 2 % of its samples lie beyond
# 90°; in return it has a sharper peak at the same KL.
#
# </details>
#
# <details><summary>A paper compares vMF and Power Spherical posteriors at κ = 50 on S². What do you ask?</summary>
#
# For the KL of each. At equal $\kappa$ the Power Spherical posterior is wider, and has the smaller KL.
#
# </details>
#
# <details><summary>From chapter 2: at which κ does a vMF in high dimension cost 2 nats?</summary>
#
# Near $2\sqrt{m}$, because the KL there is $\kappa^2/2m$.
#
# </details>
#
# ## Sharp bits
#
# - **The Cauchy's $\kappa$ is ours.** The literature's parameter is $\rho$ in $[0, 1)$; svae_lib takes $\kappa \ge 0$,
#   which keeps its digits where $\rho$ rounds to 1.
# - **The floor differs.** At $\kappa = 1$, where svae_lib's floor is, a vMF on $S^2$ costs 0.15 nats, a spherical
#   Cauchy 0.08.
# - **No evidence of a difference is not evidence of equality.** With five seeds, the 95 % intervals of the differences
#   on single spheres reach up to 2.3 nats from 0. That is what these runs leave possible.
#
# ## References
#
# - De Cao, Aziz. [The Power Spherical distribution](https://arxiv.org/abs/2006.04437), 2020.
# - Kato, McCullagh. [Some properties of a Cauchy family on the sphere derived from the Möbius
#   transformations](https://arxiv.org/abs/1510.07679), Bernoulli 2020.
# - Davidson, Falorsi, De Cao, Kipf, Tomczak.
#   [Hyperspherical Variational Auto-Encoders](https://arxiv.org/abs/1804.00891), UAI 2018.

# %% [markdown]
# Previous: [7 · Gradients through a rejection](07_gradients.ipynb) ·
# Next: [9 · Clustering directions](09_clustering_directions.ipynb)
