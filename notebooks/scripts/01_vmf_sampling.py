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
# # 1 · Sampling on a sphere
#
# **How do you sample from a von Mises-Fisher distribution?**
#
# 30 minutes. You need PyTorch, and to know why a VAE samples its codes at random. By the end you will be able to sample
# from a von Mises-Fisher distribution in 14 lines of your own, say what $\kappa$ does in 3 and in 100 dimensions, and
# catch a sampler that is silently wrong.
#
# Previous: [0 · Start here](00_start_here.ipynb) · Next: [2 · KL across dimensions](02_kl_across_dimensions.ipynb)

# %% [markdown]
# ## The question
#
# In flat space a VAE samples a code as `mean + std * noise`. On a sphere you can neither shift nor stretch without
# falling off. The bell curve of the sphere is the *von Mises-Fisher distribution* (vMF), with mean direction $\mu$ and
# concentration $\kappa \ge 0$:
#
# $$q(z) \propto e^{\kappa\, \mu^\top z}, \qquad z \in S^{m-1} = \{z \in \mathbb{R}^m : \lVert z \rVert = 1\}$$
#
# ## Predict
#
# The panel below shows samples on a globe, by $\kappa$ and by the ambient dimension $m$. Write down your answers before
# you move a slider.
#
# 1. Keep $\kappa = 10$ and increase $m$ from 3 to 101. Where do the points go?
# 2. A sample on $S^{100}$ has 101 coordinates. How many of the random numbers behind it depend on $\kappa$?
# 3. Set $m = 3$ and $\kappa = 0$: a uniform point on $S^2$. Are there more samples near $w = 0$, where the sphere is
#    widest, than near $w = 1$? Here $w = \langle \mu, z \rangle$ is the cosine of the angle to $\mu$: $1$ at $\mu$, $0$
#    on the equator, $-1$ opposite.

# %%
import io
import math

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch.distributions import Beta
from torch.nn.functional import normalize

from svae_course.chapter_01 import exercises as check
from svae_course.chapter_01 import figures
from svae_course.chapter_01.panel import ConcentrationPanel, static_preview
from svae_lib import VonMisesFisher
from svae_lib.ops import rotate_pole_to

# %%
ConcentrationPanel()

# %% [markdown]
# Each point is one sample, and $\mu$ points up; drag the globe, or give it the arrow keys, to turn it. Beside it is the
# distribution of $w$. For $m = 3$ the globe is the whole sphere $S^2$. For larger $m$ it shows a *projection* onto
# three coordinates, $w$ upward and two others, which lies inside the ball although every sample is still at distance 1
# from the origin. The same random numbers make the points at every setting, so that you can follow each of them.
#
# Now move the sliders. The first answer, in exact numbers:

# %%
for m in (3, 11, 101):
    vmf = VonMisesFisher(torch.eye(m)[0], 10.0)
    print(f"kappa = 10, m = {m:3}: the mean of w is {vmf.mean[0]:.3f}")

# %% [markdown]
# And as pictures:

# %%
static_preview(((10, 3), (10, 11), (10, 101)))

# %% [markdown]
# The points leave $\mu$ and gather around the equator, and the histogram of $w$ moves to 0, although $\kappa$ is the
# same.
#
# ## Only one random number depends on κ
#
# The density depends on $z$ only through $w$. So a sample is a height $w$ along the axis $\mu$, and from there a step
# sideways in a direction $v \perp \mu$, which is uniform because all such directions are alike:
#
# $$z = w\,\mu + \sqrt{1-w^2}\; v, \qquad
# p(w) \propto \underbrace{e^{\kappa w}}_{\text{exponential tilt}}\;
# \underbrace{(1-w^2)^{(m-3)/2}}_{\text{volume factor}}$$
#
# That answers question 2: only one random number, $w$, depends on $\kappa$. The exponential tilt (the *pull*) comes
# from the distribution. The volume factor (the *room*) comes from the sphere: how much of it lies at height $w$. (With
# $w = \cos\theta$ it is Exercise 0.2's $\sin^{m-2}\theta$, divided by
# $|\mathrm{d}w/\mathrm{d}\theta| = \sin\theta$.)

# %%
figures.tilt_and_volume(10, (3, 11, 101))

# %% [markdown]
# On $S^2$ the volume factor is the same at every height, which answers question 3 (Archimedes knew). As $m$ grows,
# nearly all of the sphere lies near the equator, and the same tilt achieves less. The mass sits where the product of
# the two is largest. That answers question 1, and it is why a $\kappa$ means nothing without its $m$.
#
# ## Sample w: propose and reject
#
# On $S^2$ you can invert the distribution function on paper (Exercise 1.1). For other $m$ you cannot, so propose a $w$
# from a distribution that you can sample, and accept it with the right probability. The naive proposal is a uniform
# point on the sphere. Its height $y$ is a beta variable stretched to $[-1, 1]$; accept it with probability
# $e^{\kappa(y-1)}$:

# %%
torch.manual_seed(0)
m, kappa = 41, 11
y = 2 * Beta((m - 1) / 2, (m - 1) / 2).sample((1_000_000,)) - 1
accepted = torch.rand(1_000_000) < (kappa * (y - 1)).exp()
print(f"{accepted.sum()} of 1,000,000 accepted")

# %% [markdown]
# Hopeless: 70 in a million is what theory says. Uniform points lie near the equator, and the vMF does not. So first
# *slide* the sphere toward $\mu$, so that the equator lands where the vMF has its mass (one way to read the proposal of
# Ulrich and Wood):
#
# $$w = \frac{y + c}{1 + c\,y}, \qquad c = \frac{1-b}{1+b}, \quad b = \frac{m-1}{2\kappa + \sqrt{4\kappa^2 + (m-1)^2}}$$
#
# The proposal's density is proportional to $(1-w^2)^{(m-3)/2} / (1-cw)^{m-1}$. The probability of acceptance is the
# ratio of the vMF's density to it, divided by the largest such ratio, which this $b$ puts exactly at $w = c$:
# $\;e^{\kappa(w-c)} \big(\tfrac{1-cw}{1-c^2}\big)^{m-1} \le 1$.
#
# ### From scratch


# %%
def propose(kappa, m, n):
    b = (m - 1) / (2 * kappa + (4 * kappa**2 + (m - 1) ** 2) ** 0.5)
    c = (1 - b) / (1 + b)
    y = 2 * Beta((m - 1) / 2, (m - 1) / 2).sample((n,)) - 1  # the height of a uniform point
    w = (y + c) / (1 + c * y)  # slid toward mu
    return w, kappa * (w - c) + (m - 1) * torch.log((1 - c * w) / (1 - c**2))  # log of the acceptance probability


# %%
torch.manual_seed(0)
figures.rejection(30, 11, *propose(30, 11, 400))

# %% [markdown]
# The points lie evenly under the envelope, so those below the red line lie evenly under the density: their $w$ has
# exactly the distribution we want. Where the envelope touches the density, nothing is wasted.

# %%
figures.acceptance_rates(propose)

# %% [markdown]
# After the slide, at least 65.8% of the proposals are accepted, whatever $\kappa$ and $m$: that is the limit on the
# circle as $\kappa$ grows, and on larger spheres it is more, up to 71%. Uniform points without it are useless once
# $\kappa$ exceeds about 10.
#
# ## Turn it toward μ: a reflection
#
# With $w$ in hand, first let the pole $e_1 = (1, 0, \dots, 0)$ take the place of $\mu$. Then $v$ is normalized noise in
# the other coordinates. To bring the pole to $\mu$ you need no rotation matrix. A mirror halfway between the two does
# it, and reflects the whole cloud along with it:
#
# $$z = x - 2\,(u^\top x)\, u, \qquad u = \frac{e_1 - \mu}{\lVert e_1 - \mu \rVert}$$


# %%
def around_pole(kappa, m, n):
    w, log_accept = propose(kappa, m, 2 * n)
    w = w[torch.rand(2 * n).log() < log_accept][:n, None]
    v = normalize(torch.randn(n, m - 1), dim=-1)
    return torch.cat([w, (1 - w**2).sqrt() * v], dim=-1)


def reflect(mu, x):
    u = normalize(torch.eye(len(mu))[0] - mu, dim=0)
    return x - 2 * (x @ u)[:, None] * u


# %%
torch.manual_seed(0)
mu = torch.tensor([-0.6, 0.8])
x = around_pole(10, 2, 40)
figures.reflection(mu, x, reflect(mu, x))

# %% [markdown]
# Here is the circle, $m = 2$. A line joins each blue sample to its red image, and the mirror bisects every line. The
# reflection exchanges left and right, which makes no difference, because the vMF is symmetric about $\mu$.
#
# ## The same with svae_lib
#
# Your 14 lines against the library's sampler, around a random $\mu$ in $\mathbb{R}^{41}$:

# %%
torch.manual_seed(0)
mu = normalize(torch.randn(41), dim=0)
scratch = reflect(mu, around_pole(11, 41, 20_000))
library = VonMisesFisher(mu, 11.0).sample((20_000,))
figures.cosine_histograms(11, 41, {"from scratch": scratch @ mu, "svae_lib": library @ mu})

# %% [markdown]
# Both follow the exact density. But do not trust a histogram alone. The mean of $w$ is known exactly, as a ratio of two
# Bessel functions, $A_m(\kappa) = I_{m/2}(\kappa)/I_{m/2-1}(\kappa)$:

# %%
exact = VonMisesFisher(mu, 11.0).mean @ mu
for name, z in {"from scratch": scratch, "svae_lib": library}.items():
    w = z @ mu
    print(f"{name:12}: mean of w {w.mean():.3f} ± {w.std() / len(w) ** 0.5:.3f}, exact {exact:.3f}")

# %% [markdown]
# ## A sampler that is silently wrong
#
# Here is the arithmetic of a sampler that was published with a paper: the same method in Wood's notation. It runs for
# every $\kappa$, raises no error, and every $w$ lies between $-1$ and $1$.


# %%
def published_w(kappa, m, n):
    root = (4 * kappa**2 + (m - 1) ** 2) ** 0.5
    blend = min(max(kappa - 10, 0), 1)
    b = (1 - blend) * (root - 2 * kappa) / (m - 1) + blend * (m - 1) / (4 * kappa)
    a = (m - 1 + 2 * kappa + root) / 4
    d = 4 * a * b / (1 + b) - (m - 1) * math.log(m - 1)
    y = Beta((m - 1) / 2, (m - 1) / 2).sample((2 * n,))
    t = 2 * a * b / (1 - (1 - b) * y)
    w = (1 - (1 + b) * y) / (1 - (1 - b) * y)
    accepted = torch.rand(2 * n).log() < (m - 1) * torch.log(t) - t + d
    return w[accepted][:n]


# %%
torch.manual_seed(0)
for m, kappa in ((3, 11), (41, 10), (41, 11), (128, 11)):
    drawn = published_w(kappa, m, 200_000).mean()
    exact = VonMisesFisher(torch.eye(m)[0], float(kappa)).mean[0]
    print(f"m = {m:3}, kappa = {kappa}: mean of w {drawn:5.2f}, it should be {exact:.2f}")

# %%
torch.manual_seed(0)
kappas = torch.arange(1, 41)
means = torch.stack([published_w(kappa, 41, 20_000).mean() for kappa in kappas.tolist()])
figures.mean_cosine(41, kappas, {"published sampler": means})

# %% [markdown]
# Up to $\kappa = 10$ all is well; just above it the concentration is nearly gone. At $m = 128$ the mean even points
# *away* from $\mu$. On $S^2$, where one would look at a picture, the error cannot be seen. In Exercise 1.3 you find the
# line at fault.
#
# ## A slider of your own
#
# The panels of this course are drawn in the browser. For a question of your own you need no such thing: a slider of
# ipywidgets and a figure of matplotlib take ten lines, and move as long as the kernel runs. What does the published
# sampler do at your $\kappa$, at $m = 41$?


# %% tags=["nbval-ignore-output"]
def look(change=None):
    w, figure, file = published_w(slider.value, 41, 5000), Figure(figsize=(6, 3)), io.BytesIO()
    axes = figure.add_subplot(title=f"mean of w: {w.mean():.2f}", xlabel="w", ylabel="samples")
    axes.hist(w.numpy(), bins=60, range=(-1, 1))
    figure.savefig(file, format="png", bbox_inches="tight")
    picture.value = file.getvalue()


slider, picture = ipywidgets.IntSlider(10, min=1, description="κ"), ipywidgets.Image(width=550)
slider.observe(look, "value")
look()
ipywidgets.VBox([slider, picture])

# %% [markdown]
# `observe` calls your function with every move, and what it draws is brought to the browser as a picture. From 10 to 11
# the histogram jumps to the left. Without a kernel this slider does nothing, and a stored notebook does not show it.

# %% [markdown]
# ## Exercises
#
# Each check prints one line and plots your answer against the truth. ★ takes about 5 minutes, ★★ 15, ★★★ 30.

# %% [markdown]
# ### Exercise 1.1 ★★: no rejection on S²
#
# For $m = 3$ the volume factor is constant, so $p(w) \propto e^{\kappa w}$ on $[-1, 1]$. Invert its distribution
# function: return the $w$ below which a fraction $v$ of the samples lies. $v$ has shape `(n,)`; $\kappa$ is a number
# from 1 to 200.


# %%
def inverse_cdf(v, kappa):
    return None


check.ex1_1(inverse_cdf)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Integrate $e^{\kappa w}$ from $-1$ to $w$, divide by the whole integral, set that equal to $v$ and solve for $w$. In
# float32 $e^{200}$ is infinite and $e^{-400}$ is a harmless zero.
#
# </details>
#
# <details><summary>Solution</summary>
#
# $v = (e^{\kappa w} - e^{-\kappa}) / (e^{\kappa} - e^{-\kappa})$, and with $e^{\kappa}$ taken out of the logarithm:
#
# ```python
# def inverse_cdf(v, kappa):
#     return 1 + torch.log(v + (1 - v) * torch.exp(torch.tensor(-2.0 * kappa))) / kappa
# ```
#
# Feed it uniform random numbers, and you have a sampler on $S^2$ without rejection. The library uses it for $m = 3$.
#
# </details>

# %% [markdown]
# ### Exercise 1.2 ★: how bad is the naive proposal?
#
# On $S^2$, propose uniform points and accept each with probability $e^{\kappa(w-1)}$. What fraction is accepted?
# `kappa` has shape `(k,)` and is positive; return the fractions, shape `(k,)`. The formula is short; no simulation is
# needed.


# %%
def acceptance_rate(kappa):
    return None


check.ex1_2(acceptance_rate)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The fraction is the mean of $e^{\kappa(w-1)}$ over uniform points. How is $w$ distributed for those? (Prediction 3.)
#
# </details>
#
# <details><summary>Solution</summary>
#
# $\int_{-1}^{1} \tfrac12 e^{\kappa(w-1)}\, dw = (1 - e^{-2\kappa}) / (2\kappa)$.
#
# ```python
# def acceptance_rate(kappa):
#     return (1 - torch.exp(-2 * kappa)) / (2 * kappa)
# ```
#
# So on $S^2$ twice the $\kappa$ takes twice the work. In higher dimensions it is far worse: see the dashed lines above.
#
# </details>

# %% [markdown]
# ### Exercise 1.3 ★★★: find the bug
#
# Copy `published_w` and repair it, so that it is exact for every $\kappa$ from 2 to $10^{10}$. It must return `n`
# samples of $w$; `kappa` is a zero-dimensional float32 tensor. (To compute in float64 is no repair: what fails in
# float32 fails there too, at a larger $\kappa$.)


# %%
def repaired_w(kappa, m, n):
    return None


check.ex1_3(repaired_w)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two formulas for the same number are mixed by `blend`. Compare their values at $m = 41$, $\kappa = 11$. Then ask why
# anybody wanted the second one: what is `root - 2 * kappa` in float32 when $\kappa = 10^5$?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# import math
#
# from torch.distributions import Beta
#
#
# def repaired_w(kappa, m, n):
#     root = (4 * kappa**2 + (m - 1) ** 2) ** 0.5
#     b = (m - 1) / (2 * kappa + root)
#     a = (m - 1 + 2 * kappa + root) / 4
#     d = 4 * a * b / (1 + b) - (m - 1) * math.log(m - 1)
#     y = Beta((m - 1) / 2, (m - 1) / 2).sample((2 * n,))
#     t = 2 * a * b / (1 - (1 - b) * y)
#     w = (1 - (1 + b) * y) / (1 - (1 - b) * y)
#     accepted = torch.rand(2 * n).log() < (m - 1) * torch.log(t) - t + d
#     return w[accepted][:n]
# ```
#
# `(root - 2 * kappa) / (m - 1)` is right on paper but loses all its digits when $\kappa$ is large. The published cure,
# $(m-1)/(4\kappa)$, is right only for $\kappa \gg m$, and it was switched on at $\kappa = 10$ whatever the $m$.
# Multiplying numerator and denominator by `root + 2 * kappa` turns the difference into a sum, and needs no switch.
#
# </details>

# %% [markdown]
# ### Exercise 1.4 ★: read it off the panel
#
# Go back to the panel, set $\kappa = 10$, and raise $m$ from 3. At which $m$ does the mean of $w$ first fall below one
# half? Return that $m$. What has happened to the points on the globe?


# %%
def reading():
    return None


check.ex1_4(reading)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The status line of the panel says the mean of $w$. With the slider in focus, an arrow key moves it by one.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def reading():
#     return 16
# ```
#
# At $m = 15$ the mean is 0.508, at $m = 16$ it is 0.488: a typical sample is 60° away from $\mu$ there, and none of the
# 1,000 points comes nearer than 30°. The limit for large $m$ says the same: $\rho = 2a / (1 + \sqrt{1 + 4a^2})$ with
# $a = \kappa / m$ is one half at $a = 2/3$, that is at $m = 15$ (chapter 2).
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
# - A sample from the vMF is one number $w$ that depends on $\kappa$, one uniform direction, and one reflection.
# - The tilt and the volume factor together decide where the mass sits: the same $\kappa = 10$ gives a mean $w$ of 0.900
#   in $\mathbb{R}^3$ and of 0.098 in $\mathbb{R}^{101}$.
# - A wrong sampler raises no error. Test a sampler against a moment that is known exactly, at every $m$ and $\kappa$
#   you use.
#
# ## Recap
#
# <details><summary>Which part of a sample depends on κ, and which does not?</summary>
#
# Only $w$, the cosine of the angle to $\mu$, depends on $\kappa$. The direction across $\mu$ is uniform, and the
# reflection that brings the pole to $\mu$ is fixed.
#
# </details>
#
# <details><summary>κ = 10 is a cap on S². What is it on S¹⁰⁰, and why?</summary>
#
# A band around the equator, shifted a little: $w$ averages 0.098. Nearly all of that sphere lies near the equator, so
# the volume factor $(1-w^2)^{(m-3)/2}$ outweighs the tilt $e^{\kappa w}$.
#
# </details>
#
# <details><summary>From chapter 0: how far from the origin are the points of a normal prior in m dimensions?</summary>
#
# At $\sqrt{m}$, give or take 0.7, whatever $m$ is.
#
# </details>
#
# ## Sharp bits
#
# - **$m$ is not $d$.** $S^2$ is a surface, $d = 2$, with ambient dimension $m = 3$. The latent space `"s40"` has
#   $m = 41$.
# - **The mirror near the pole.** Where $\mu$ is close to $e_1$, little is left of $e_1 - \mu$ in float32. The library's
#   `rotate_pole_to` flips the first coordinate there, and places the mirror between $-e_1$ and $\mu$.
# - **Near the pole float32 loses all precision in $w$.** Numbers just below 1 lie $6 \cdot 10^{-8}$ apart. At large
#   $\kappa$ the samples of $w$ fall on only a few of them. The library carries $1 - w$ instead.
# - **Acceptance is not differentiable.** To accept or to reject is a yes or a no, and hides how a sample depends on
#   $\kappa$. What the library's `rsample` does instead is a story of its own (the last reference).
#
# The second and third of these, in numbers:

# %%
pole, mu = torch.eye(3)[0], torch.tensor([1.0, 1e-4, 0.0])  # an angle of 1e-4 apart
print(f"our reflection misses mu by {(reflect(mu, pole[None])[0] - mu).norm():.0e}")
print(f"rotate_pole_to misses it by {(rotate_pole_to(mu, pole) - mu).norm():.0e}")

# %%
torch.manual_seed(0)
w = around_pole(1e6, 3, 10_000)[:, 0]
print(f"kappa = 1e6, 10,000 samples: {len(w.unique())} different values of w")

# %% [markdown]
# ## References
#
# - Ulrich. [Computer Generation of Distributions on the m-Sphere](https://doi.org/10.2307/2347441), 1984.
# - Wood. [Simulation of the von Mises Fisher distribution](https://doi.org/10.1080/03610919408813161), 1994.
#   Corrects Ulrich's algorithm.
# - Fisher. [Dispersion on a Sphere](https://doi.org/10.1098/rspa.1953.0064), 1953. The vMF on $S^2$.
# - Davidson, Falorsi, De Cao, Kipf, Tomczak. [Hyperspherical Variational
#   Auto-Encoders](https://arxiv.org/abs/1804.00891), UAI 2018. The sampler, in a VAE.
# - Figurnov, Mohamed, Mnih. [Implicit Reparameterization Gradients](https://arxiv.org/abs/1805.08498), NeurIPS 2018.

# %% [markdown]
# Previous: [0 · Start here](00_start_here.ipynb) · Next: [2 · KL across dimensions](02_kl_across_dimensions.ipynb)
