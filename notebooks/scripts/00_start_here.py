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
# # 0 · Start here
#
# **Why would a latent space be round?**
#
# 25 minutes. You need PyTorch and a first acquaintance with variational auto-encoders; no geometry. By the end you will
# be able to say where a normal prior *really* puts its points, and what it does to periodic data. A table of
# [notation](#Notation) and a [glossary](#Glossary) close this chapter. Sliders move before anything has run: by mouse,
# by arrow keys, by typing into the box. To run a cell, click into it and press Shift+Enter; go from top to bottom.
#
# Next: [1 · Sampling on a sphere](01_vmf_sampling.ipynb)

# %% [markdown]
# ## The question
#
# Most VAEs put their codes $z$ in flat space, under the prior $\mathcal{N}(0, I)$. Its density is highest at the
# origin. So that is where its points lie. Or is it?
#
# ## Predict
#
# The slider below shows 1,000 points of the prior in $\mathbb{R}^m$. When $m$ grows from 2 to 200, will the cloud get
# denser in the middle? Will the distances from the origin spread? Write down your answers, then move the slider.

# %% jupyter={"source_hidden": true}
import torch
from torch import nn

from svae_course.chapter_00 import exercises as check
from svae_course.chapter_00 import figures
from svae_course.chapter_00.panel import ShellPanel, static_preview
from svae_lib import VAE, HypersphericalUniform, parse_latent_space, plotting
from svae_lib.models.likelihoods import Gaussian
from svae_lib.ops import geodesic_distance, log_surface_area

torch.set_num_threads(1)  # these computations are too small to gain from more threads
turn = 2 * torch.pi * torch.arange(360) / 360  # the directions of a compass needle, used further down

# %%
ShellPanel()

# %% [markdown]
# As $m$ grows, the middle empties. The cloud becomes a shell of radius $\sqrt{m}$. The shell keeps its thickness, so
# relative to its radius it becomes thin. (On the left, every point is drawn at its own distance from the middle, in the
# direction of its first two coordinates. A page cannot show 200 directions, but it can show every distance.)
#
# ### From scratch

# %%
torch.manual_seed(0)
for m in (2, 3, 20, 200):
    lengths = torch.randn(20_000, m).norm(dim=-1)
    print(f"m = {m:3}: |z| = {lengths.mean():4.1f} ± {lengths.std():.1f}, sqrt(m) = {m**0.5:4.1f}")

# %% [markdown]
# The distance grows like $\sqrt{m}$; its spread does not grow at all. And the origin, where the density is highest? No
# sample is anywhere near it, not one of the last 20,000:

# %%
print(f"of 20,000 points in 200 dimensions the nearest is {lengths.min():.1f} from the origin, not 0")

# %% [markdown]
# The same as pictures, for four values of $m$:

# %%
static_preview((2, 3, 20, 200))

# %% [markdown]
# From left to right the middle empties, while the histogram below moves to the right without getting wider.
#
# ## Why a shell?
#
# The density at a point falls with its distance $r$ from the origin. But there is more space at a larger distance: the
# points there fill a sphere of area $S_m r^{m-1}$, where $S_m$ is the area of the unit sphere in $\mathbb{R}^m$. The
# density of the *length* is the product:
#
# $$p(|z| = r) = \underbrace{S_m\, r^{m-1}}_{\text{area}} \cdot
# \underbrace{(2\pi)^{-m/2}\, e^{-r^2/2}}_{\text{density at a point}}$$

# %%
figures.tug_of_war(m=20)

# %% [markdown]
# The area grows, the density falls, and at $r = \sqrt{m-1}$ the two balance: there the product is largest. That is the
# shell. A mode is where the density is highest, not where the points are.
#
# ### The same with svae_lib
#
# `log_surface_area` is the logarithm of the first factor. The product should integrate to one, and have its peak where
# we said:

# %%
r = torch.linspace(0.01, 20, 5000)
for m in (2, 3, 20, 200):
    log_normal = -m / 2 * torch.tensor(2 * torch.pi).log() - r**2 / 2
    density = torch.exp(log_surface_area(m, r) + log_normal)
    total, peak = torch.trapezoid(density, r), r[density.argmax()]
    print(f"m = {m:3}: integral {total:.2f}, peak at {peak:.1f}, sqrt(m - 1) = {(m - 1) ** 0.5:.1f}")

# %% [markdown]
# So in high dimensions a normal prior *is* nearly a sphere: what tells two codes apart is their direction. Scale every
# $z$ to length one, and what remains is the uniform distribution on the sphere, svae_lib's prior for round latent
# spaces. What is a typical angle between two of its points? (`geodesic_distance`, the distance along the sphere, is
# this angle in radians.)

# %%
torch.manual_seed(0)
pairs = {m: HypersphericalUniform(m).sample((2, 20_000)) for m in (2, 3, 20, 200)}
figures.angle_histograms({m: geodesic_distance(a, b) for m, (a, b) in pairs.items()})

# %% [markdown]
# On a circle every angle is equally likely. In high dimensions almost any two directions are nearly at right angles,
# because almost all of the sphere lies near the equator of any point. The second exercise asks for the exact curve.
#
# ## Few dimensions: periodic data
#
# Where few dimensions are enough, the normal prior has a middle but no shell, and it matters whether the shape of the
# latent space is that of the data. Here are periodic data, images of a compass needle:


# %%
def needle(angle, size=16):
    """Pictures (N, size, size) of needles whose dark half points to `angle`, clockwise from north."""
    grid = (torch.arange(size) + 0.5) / size * 2 - 1
    x, y = grid[None, :], -grid[:, None]
    sine, cosine = angle.sin()[:, None, None], angle.cos()[:, None, None]
    along, across = x * sine + y * cosine, x * cosine - y * sine
    beyond = along - along.clamp(-0.8, 0.8)
    return 0.5 + 0.5 * torch.tanh(along / 0.2) * torch.exp(-(across**2 + beyond**2) / 0.08)


# %%
plotting.image_grid(needle(turn[::30]), "One turn of the needle", columns=12)

# %% [markdown]
# Each image has 256 pixels but only one degree of freedom, and after the last image comes the first again. The data
# form a circle.
#
# We train three small VAEs that differ only in their latent space. A *line* has one degree of freedom, as the needle
# has. A *plane* has one more. The *circle* $S^1$ has one, and closes. The line and the plane have the normal prior; on
# the circle the prior is uniform, and a posterior is a von Mises-Fisher distribution, the counterpart of the normal
# distribution on a sphere (chapter 1), with a mean direction $\mu$ and a concentration $\kappa$.
#
# svae_lib calls the three spaces `e1`, `e2` and `s1`: *e* for Euclidean, *s* for sphere, and then the degrees of
# freedom.
#
# Predict: which of the three will keep the circle whole? Which will decode every code from its prior into a needle?


# %%
class Encoder(nn.Sequential):
    feature_size = 64

    def forward(self, x):
        return super().forward(x - 0.5)


class Decoder(nn.Sequential):
    image_shape = (16, 16)


def build(space):
    encoder = Encoder(nn.Flatten(-2), nn.Linear(256, 64), nn.ReLU())
    layers = nn.Linear(space.event_size, 64), nn.ReLU(), nn.Linear(64, 256)
    decoder = Decoder(*layers, nn.Unflatten(-1, (16, 16)))
    return VAE(encoder, decoder, space, Gaussian(sigma=0.3))


# %% [markdown]
# Training is as usual: maximize the ELBO, here on needles that are sampled afresh at every step.


# %%
def train(space, seed=0, steps=500):
    torch.manual_seed(seed)
    model = build(parse_latent_space(space))
    adam = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(steps):
        loss = -model.elbo(needle(2 * torch.pi * torch.rand(100))).total.mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return model


spaces = {"line, normal prior": "e1", "plane, normal prior": "e2", "circle, uniform prior": "s1"}
models = {name: train(space) for name, space in spaces.items()}

# %%
figures.compass_codes(models, needle(turn))

# %% [markdown]
# The line cannot hold a circle. After a full turn the code must return to its start, and on its way back it passes the
# codes of other directions. The line folds: different directions share a code. No training helps. Whichever continuous
# path the encoder takes, some two *opposite* needles get the same code: turn the needle by half a circle, and the
# difference between its code and its opposite's has changed sign, so somewhere on the way it was zero (the Borsuk-Ulam
# theorem, for the circle). In the plane and on the circle the path closes, and every direction has its own place. (The
# circle has radius $\sqrt{m} = \sqrt{2}$, svae_lib's choice, so that its coordinates have a standard deviation of one,
# like those of the plane.)


# %%
def overlaps(model):
    """Whether two needles more than 45 degrees apart have nearly the same code."""
    codes = model.embed(needle(turn))
    apart = torch.cos(turn[:, None] - turn) < 0.7
    distances = torch.cdist(codes, codes)
    return bool(distances[apart].min() < 0.05 * distances.max())


for name, model in models.items():
    print(f"{name}:", "different directions share a code" if overlaps(model) else "every direction has its own code")

# %% [markdown]
# So is a plane enough? The codes surround a *hole*, and there, where the prior is densest, the decoder has seen
# nothing. Sample codes from the prior and decode them:

# %%
torch.manual_seed(0)
figures.prior_rows(models, needle(2 * torch.pi * torch.rand(12)))

# %% [markdown]
# Every code on the circle decodes to a needle. The plane's prior also samples codes in the hole, and they decode to
# blurred needles, or to none. On the line some directions are missing or blurred together.
#
# Let us count. We call a sample implausible if even the best-fitting needle differs from it by more than 0.075 per
# pixel (root mean square, where 0 is white and 1 is black):


# %%
@torch.no_grad()
def implausible(model):
    pictures = model.sample(2000).flatten(1)
    error = torch.cdist(pictures, needle(turn).flatten(1)).min(1).values / 16
    return (error > 0.075).float().mean()


line, plane, circle = (implausible(model).round(decimals=1) for model in models.values())
print(f"implausible samples, to the nearest 10 %: line {line:.0%}, plane {plane:.0%}, circle {circle:.0%}")

# %% [markdown]
# That is one half of the story. The other half is what the ELBO says, which is what we trained. (It is positive here,
# because pixels are continuous, and a density may exceed one.)

# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
parts = {name: [part.mean().item() for part in model.elbo(needle(turn.repeat(20)))] for name, model in models.items()}
for name, (total, reconstruction, kl) in parts.items():
    print(f"{name:22}: ELBO {total:.1f} = reconstruction {reconstruction:.1f} - KL {kl:.1f}")

# %%
_, plane, circle = parts.values()
better, extra_kl = plane[1] - circle[1], plane[2] - circle[2]
print(f"to the nearest nat: the plane reconstructs better by {abs(better):.0f} and its KL is larger by {extra_kl:.0f}")

# %% [markdown]
# The plane *reconstructs* no worse than the circle, here even a little better. But it pays more KL, since its second
# coordinate carries no information about the angle, and so its ELBO is a nat behind. Nor is the share of implausible
# samples fixed: with 5,000 training steps instead of 500 it shrinks from 36% to 10%. The hole gets smaller; it stays.
#
# That is one seed of one toy example. It shows what *can* go wrong when the latent space has another shape than the
# data, and it was chosen to show it. What a sphere does for real digits is the question of chapter 3, and the answer
# there is less clear-cut.
#
# ## How this course works
#
# Each chapter answers one question. You predict, look, compute a small thing from scratch, and see the same in
# svae_lib. Chapters 0 to 4 build on each other. The first cell of code in each holds its imports and constants; once it
# has run, every other cell can be changed and run again.
#
# ## Exercises
#
# Write the body of the function and run the cell: the check prints one line and plots your answer against the truth.
# ★ takes about 5 minutes, ★★ 15, ★★★ 30; the minutes at the top of a chapter are those without its exercises.

# %% [markdown]
# ### Exercise 0.1 ★: how large is a sphere?
#
# The area of the unit sphere in $\mathbb{R}^m$ follows from the area two dimensions lower. It starts from $S_1 = 2$
# (in $\mathbb{R}^1$ the unit sphere is two points, 1 and -1) and $S_2 = 2\pi$ (the length of the circle):
#
# $$S_{m+2} = \frac{2\pi}{m}\, S_m$$
#
# Return $\log S_m$ for an integer $m \ge 1$; it must work for $m = 600$ too.


# %%
def log_area(m):
    return None


check.ex0_1(log_area)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $S_{600}$ is below $10^{-462}$, which is 0 to the computer. Add logarithms instead of multiplying areas. And mind the
# index: the step to $m$ starts from $m - 2$, so it divides by $m - 2$.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# import math
#
#
# def log_area(m):
#     log_s = math.log(2 if m % 2 else 2 * math.pi)
#     for k in range(m, 2, -2):
#         log_s += math.log(2 * math.pi / (k - 2))
#     return log_s
# ```
#
# The area is largest at $m = 7$ and then falls forever. Do not read too much into that: an area in $\mathbb{R}^7$ and
# one in $\mathbb{R}^8$ have different units, so that asking which is larger is like asking whether a meter is longer
# than a square meter.
#
# </details>

# %% [markdown]
# ### Exercise 0.2 ★★: the angle between two random points
#
# Hold one point $a$ of the unit sphere fixed. The points at an angle $\theta$ from it form a smaller sphere, in
# $\mathbb{R}^{m-1}$, of radius $\sin\theta$. The larger that sphere, the more likely the angle.
#
# Return the density of $\theta$ (in radians, a tensor of any angles between 0 and $\pi$), normalized so that its
# integral is one. You may use `log_surface_area(m)`; without a radius it returns a Python float.


# %%
def density(theta, m):
    return None


check.ex0_2(density)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The area of that smaller sphere is $S_{m-1} \sin^{m-2}\theta$. What is the area of all points together?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# from svae_lib.ops import log_surface_area
#
#
# def density(theta, m):
#     ratio = log_surface_area(m - 1) - log_surface_area(m)
#     return torch.tensor(ratio).exp() * theta.sin() ** (m - 2)
# ```
#
# </details>

# %% [markdown]
# For large $m$ this is nearly a normal density around 90°, with a standard deviation of $1/\sqrt{m}$ radians. Compare:

# %%
for m, (a, b) in pairs.items():
    spread = torch.rad2deg(geodesic_distance(a, b)).std()
    print(f"m = {m:3}: {spread:2.0f}°, and 1 / sqrt(m) is {57.296 / m**0.5:2.0f}°")

# %% [markdown]
# ### Exercise 0.3 ★: read it off the panel
#
# Go back to the panel. From which $m$ on does the status line say that the mean of $|z|$ is above 10? Before you look:
# what should it be? Type a number somewhat below it into the box, then go up one step at a time (with the arrow keys),
# and return the $m$.


# %%
def reading():
    return None


check.ex0_3(reading)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The mean of $|z|$ is close to $\sqrt{m}$, but is it above or below it? The status line has two decimals.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def reading():
#     return 101
# ```
#
# At $m = 100$ the status line says 9.96, a little less than $\sqrt{100}$: the mean of $|z|^2$ is exactly $m$, and the
# mean of a square is the square of the mean plus the variance. With a variance of one half the mean of $|z|$ is near
# $\sqrt{m - 1/2}$, which passes 10 between 100 and 101.
#
# </details>

# %% [markdown]
# ### Exercise 0.4 ★★★: does a code wind around once?
#
# You get the codes of one turn of the needle, in order, shape `(n, 2)`, of a latent space that is a plane or a circle:
# a closed path. Return how often it goes around the origin, counterclockwise turns counting 1 and clockwise ones -1.
# The path never touches the origin, but it may come near it, wobble, or turn back on its way.


# %%
def winding(codes):
    return None


check.ex0_4(winding)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Follow the angle of the code from one to the next and add up the changes. `torch.atan2` jumps by $2\pi$ somewhere:
# bring each change back to between $-\pi$ and $\pi$. And the path is closed: after the last code comes the first.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def winding(codes):
#     angle = torch.atan2(codes[:, 1], codes[:, 0])
#     step = angle.roll(-1) - angle
#     step = torch.remainder(step + torch.pi, 2 * torch.pi) - torch.pi
#     return (step.sum() / (2 * torch.pi)).round()
# ```
#
# `winding(models["circle, uniform prior"].embed(needle(turn)))` is 1 or -1 where the circle was found, and 0 where the
# encoder stayed on one side. Chapter 5 scores many models by it.
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
# - In high dimensions the points of a normal prior lie near a shell of radius $\sqrt{m}$ and differ only in direction:
#   the prior is already round.
# - In few dimensions it has a middle. Periodic data fold on a line; in a plane their codes surround a hole, and samples
#   from the hole are implausible.
# - On a circle the same data keep their shape, and every code from the prior decodes to a needle.
#
# ## Recap
#
# <details><summary>The density of a normal prior is highest at the origin. Why are its points elsewhere?</summary>
#
# Because there is so little room near the origin. The density of the distance is the density at a point times the area
# of the sphere at that distance, $r^{m-1}$; their product peaks at $\sqrt{m-1}$.
#
# </details>
#
# <details><summary>Two random directions in 200 dimensions: what angle, give or take?</summary>
#
# 90°, give or take 4°: the standard deviation is close to $1/\sqrt{m}$ radians.
#
# </details>
#
# <details><summary>Why must a line fold the codes of a compass needle, whatever the network?</summary>
#
# The difference between a code and the code of the opposite needle changes its sign within half a turn, so by
# continuity it is zero somewhere: two opposite needles share a code. A circle or a plane has room for the closed path.
#
# </details>
#
# ## Sharp bits
#
# - **$d$ is not $m$.** The sphere $S^d$ has $d$ degrees of freedom and lies in $\mathbb{R}^m$ with $m = d + 1$.
#   svae_lib names spaces by $d$ (`"s1"` is the circle), distributions take $m$ (`HypersphericalUniform(2)`).
# - **The shell proves nothing.** That a normal prior looks round in high dimensions means that a sphere loses little
#   there. It does not mean that a sphere gains anything.
# - **A circle can be wound wrongly.** Nothing forces an encoder to go around $S^1$ exactly once. Without the `x - 0.5`
#   in our encoder most seeds still find the circle, but `train("s1", seed=5)`, for one, does not: the codes stay on one
#   side, and the map, which is continuous, must fold and overlap. Exercise 0.4 tells the two apart.
#
# ## References
#
# - Davidson, Falorsi, De Cao, Kipf, Tomczak.
#   [Hyperspherical Variational Auto-Encoders](https://arxiv.org/abs/1804.00891), UAI 2018. It asks
#   the question of this chapter.
# - Kingma, Welling. [Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114), ICLR 2014.
# - Falorsi, de Haan, Davidson, De Cao, Weiler, Forré, Cohen. [Explorations in Homeomorphic Variational
#   Auto-Encoding](https://arxiv.org/abs/1807.04689), 2018. Shapes of data and of latent spaces, and windings that go
#   wrong.
# - Blum, Hopcroft, Kannan. [Foundations of Data Science](https://www.cs.cornell.edu/jeh/book.pdf), chapter 2:
#   high-dimensional space.

# %% [markdown]
# ## Notation
#
# The same symbols are used in text, in code and on axes, in every chapter.
#
# | symbol | in code | meaning |
# |---|---|---|
# | $x$ | `x` | an image, or any piece of data |
# | $z$ | `z` | a code, a point of the latent space |
# | $m$ | `ambient_dim` | ambient dimension: $z$ is a point of $\mathbb{R}^m$ |
# | $d$ | `manifold_dim` | dimension of the latent space: $d = m - 1$ on a sphere, $d = m$ in flat space |
# | $S^d$ | `"s2"` | the sphere of dimension $d$; it lies in $\mathbb{R}^{d+1}$ |
# | $S_m$ | `log_surface_area(m)` | area of the unit sphere in $\mathbb{R}^m$ (the code gives its logarithm) |
# | $r$ | `radius` | radius of a sphere; distance from the origin |
# | $\mu$ | `loc` | mean direction, a vector of length one |
# | $\kappa$ | `concentration` | concentration: 0 is uniform, large is a sharp peak around $\mu$ |
# | $w$ | `w` | $\mu^\top z$ for unit vectors, the cosine of the angle between $\mu$ and $z$ |
# | $A_m(\kappa)$ | `bessel_ratio(m / 2 - 1, kappa)` | mean of $w$ under a von Mises-Fisher distribution, from 0 to 1 |
# | $q(z \mid x)$ | `model.encode(x)` | posterior: the encoder's distribution of the code |
# | $p(z)$ | `space.prior()` | prior: the distribution of the code before any data |
# | $\mathrm{KL}$ | `kl_divergence(q, p)` | Kullback-Leibler divergence: how far the posterior departs from the prior |
# | $\mathrm{ELBO}$ | `model.elbo(x)` | $\mathbb{E}_q \log p(x \mid z) - \mathrm{KL}$, a lower bound on $\log p(x)$ |
# | nat | | unit of KL and ELBO, from the natural logarithm: 1 nat is 1.44 bits |

# %% [markdown]
# ## Glossary
#
# - **Code**: the point $z$ that represents $x$. The *encoder* gives a distribution of it; the *decoder* reconstructs
#   $x$ from it.
# - **Concentration**: $\kappa$, the sphere's counterpart of an inverse variance.
# - **Great circle**: the largest circle on a sphere through two points; its shorter arc is the shortest path between
#   them.
# - **Hypersphere**: a sphere of any dimension. A circle is $S^1$, the surface of a ball $S^2$.
# - **Implicit gradient**: the derivative of a random sample with respect to a parameter, found without a formula for
#   the sample.
# - **Latent space**: where the codes live; in svae_lib it comes with a prior and a family of posteriors.
# - **Power Spherical distribution**: another distribution around a mean direction, cheaper to sample from.
# - **Product space**: several latent spaces side by side; a code has one part in each.
# - **Rate and distortion**: the KL and minus the reconstruction; their sum is minus the ELBO.
# - **Reconstruction**: $\mathbb{E}_q \log p(x \mid z)$, how well $x$ is reproduced.
# - **Uniform**: the same density everywhere on the sphere; the prior of round latent spaces.
# - **von Mises-Fisher (vMF) distribution**: density proportional to $e^{\kappa\, \mu^\top z}$ on the sphere.

# %% [markdown]
# Next: [1 · Sampling on a sphere](01_vmf_sampling.ipynb)
