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
# # 3 · Training on MNIST
#
# **Does a round latent learn better?**
#
# 35 minutes. You need PyTorch and a first acquaintance with variational auto-encoders. By the end you will be able to
#
# - read a whole latent space at a glance, as a globe, and say where the model is certain;
# - walk from one digit to another without leaving the sphere;
# - train a VAE whose latent space is a sphere, and say what each part of its objective means;
# - say what a comparison of two models shows, and what it does *not*.
#
# Previous: [2 · KL across dimensions](02_kl_across_dimensions.ipynb) ·
# Next: [4 · Product-space latents](04_product_space_latents.ipynb)

# %% [markdown]
# ## The question
#
# A variational auto-encoder squeezes an image $x$ into a few numbers $z$, the *code*, and reconstructs the image from
# them. Nearly everybody lets the code live in flat space under a normal prior, and so gives it a *middle*, toward which
# every code is pulled, and an *outside*, where hardly any code lies. Ten kinds of digit have no middle kind. A sphere
# has neither a middle nor an edge: every place on it is like every other.
#
# We put the codes on the sphere $S^2$, the surface of a ball, because we can look at all of it. Then we ask whether
# that helps.

# %% [markdown]
# ## Predict
#
# Write down your answers before you go on.
#
# 1. The model is never shown a label. Will the images of one digit lie together on the sphere, or all over it?
# 2. Which two digits will be hard to keep apart?
# 3. For which digit is the posterior most concentrated?
# 4. Same network, same data, same training: a sphere $S^d$ or flat space $\mathbb{R}^d$, for $d = 2, 5, 10, 40$. Which
#    gets the better score?

# %%
from itertools import combinations

import torch
from torch.distributions import kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits

from svae_course import stored_model, stored_records, stored_runs
from svae_course.chapter_03 import exercises as check
from svae_course.chapter_03 import figures
from svae_lib import Schedule, build_vae, evaluate, fit, load_dataset, plotting
from svae_lib.datasets import held_out_images, to_unit
from svae_lib.errors import InputError
from svae_lib.models import Bernoulli
from svae_lib.widgets import GreatCirclePanel, LatentGlobe

data = load_dataset("mnist_5k")  # ships with the installation; "mnist" is the full set
test, labels = held_out_images(data.test, Bernoulli()), data.test.labels
atlas = stored_model("s2", data)  # trained on all of MNIST by this project's own command
print(f"{data.name}: {len(data.train)} images to train on, {len(test)} to test with")

# %% [markdown]
# Run this cell first (Shift+Enter); every panel below then runs alone.

# %%
plotting.image_grid(test[:10], "Ten test images")

# %% [markdown]
# Pixels are binary: a gray value is treated as the probability of a black pixel and sampled once, so that every model
# is judged on the same pixels.

# %% [markdown]
# ## The whole latent space at a glance
#
# A plane never ends. A sphere does, so we can look at *all* of it. We begin with a model that is trained already: the
# network of this chapter, after 80 epochs on all of MNIST. (Our 500 test images were among its training images, so we
# look at its digits but give it no score.) Its decoder turns every point of the globe into a digit; its encoder puts
# every image somewhere on the globe.
#
# Drag the globe, move the sliders, or use the arrow keys. The framed digit is decoded at the marked point; "points"
# shows where the images lie, in the color of their digit, which the model has never seen. Each numbered button leads to
# where the images of that digit lie on average.

# %%
LatentGlobe(atlas, test, labels)

# %% [markdown]
# Keep the latitude, go once around in longitude, and count the kinds of digit you meet. Then look for a place that
# shows no digit at all. Such places lie on the borders between kinds, and a uniform prior visits them as often as any
# other. Here is the same globe as a map:

# %%
plotting.digit_globe(atlas, "Digits that the stored model decodes, everywhere on the sphere")

# %% [markdown]
# In every direction one digit gradually turns into the next, and a path that goes straight on comes back. The left
# edge of the map (a Hammer projection, which preserves areas) and the right edge are the same line: there is no rim
# where the digits run out.

# %%
plotting.latent_scatter(atlas, test[:200], labels[:200])

# %% [markdown]
# This answers the first two questions. Images of one digit lie together, because what looks alike lies together. For
# the same reason 4 and 9 share a region, and 3, 5 and 8 another: to a model that has never seen a label, they differ by
# a few pixels.
#
# ### How certain is it?
#
# For an image $x$ the encoder gives more than a point. It gives a *distribution* on the sphere: a direction $\mu$,
# where it expects the code to be, and a concentration $\kappa \ge 0$, how certain it is. This is the von Mises-Fisher
# distribution (vMF) of chapter 1. The map shows only $\mu$. Here is $\kappa$:

# %%
plotting.kappa_by_digit(atlas, test, labels)

# %% [markdown]
# With $\kappa = 1000$ a sample lies about $\sqrt{2/\kappa}$, or 2.6 degrees, away from $\mu$: a twelfth of a square on
# the map. On the right, the least certain images do not look odd: they are of kinds that share a region or a border
# with another, and so are the thirty least certain (the last line below). And certain means a narrow posterior, not a
# right answer: 4 and 9 are placed with about equal certainty, and in the same region. The third question:

# %%
kappa = torch.as_tensor(plotting.concentrations(atlas, test))
medians = torch.stack([kappa[labels == digit].median() for digit in range(10)])
for digit in medians.argsort(descending=True).tolist():
    print(f"{digit}: median κ = {medians[digit]:.0f}")
least = labels[kappa.argsort()[:30]].unique()
print("digits among the 30 least certain images:", *least.tolist())

# %% [markdown]
# ## Two paths from one digit to another
#
# The straight line between two codes leaves the sphere and runs through the ball, where no code has ever been in
# training. The great circle stays on the sphere, and moves at constant speed. With $\theta$ the angle between $a$ and
# $b$:
#
# $$\mathrm{slerp}(a, b, t) = \frac{\sin((1-t)\,\theta)}{\sin\theta}\, a + \frac{\sin(t\,\theta)}{\sin\theta}\, b$$
#
# Choose two digits and walk. We measure the uncertainty of a pixel that is black with probability $p$ by its variance
# $p(1-p)$.

# %%
GreatCirclePanel(atlas, test, labels)

# %% [markdown]
# Both paths begin and end alike. In between, the great circle passes from digit to digit. The straight line comes close
# to the center, and there the decoder smears several digits over each other. From 4 to 9, which are neighbors, the two
# paths are the same. Between two digits that lie almost opposite, one path leads past others, the second through noise:

# %%
codes = plotting.typical_codes(atlas, test, labels)
opposite = min(combinations(codes, 2), key=lambda pair: codes[pair[0]] @ codes[pair[1]])
print("furthest apart, and so a good pair to try:", *opposite)

# %% [markdown]
# Did we choose pairs that suit us? Take 250 others, and compare the two paths halfway along:

# %%
codes = atlas.embed(test)
pairs = zip(codes[:250], codes[250:], strict=True)
halfway = [plotting.two_ways(atlas, a, b, [0.5]).uncertainty for a, b in pairs]
worse = sum(bool(line > arc) for arc, line in halfway)
print(f"the straight line is the more uncertain one for {worse} of {len(halfway)} pairs")

# %% [markdown]
# ## The model
#
# How does one train such a thing? The encoder answers with a vMF; before the model sees an image, no code is more
# likely than another, so the prior is uniform.
#
# $$q(z \mid x) \propto e^{\kappa(x)\, \mu(x)^\top z}, \qquad p(z) = \frac{1}{4\pi}, \qquad z \in S^2$$
#
# Training raises the evidence lower bound (ELBO), in nats per image:
#
# $$\mathrm{ELBO}(x) = \underbrace{\mathbb{E}_{q}\, \log p(x \mid z)}_{\text{reconstruction}}
# - \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)}_{\text{cost of the code}} \le \log p(x)$$
#
# ### From scratch
#
# Sample a code, decode it, add up the pixels, subtract the KL. That is all:

# %%
model = build_vae(data.image_shape, "s2")  # not trained yet
torch.manual_seed(0)
posterior = model.encode(test)
z = posterior.rsample()
log_p_pixels = -binary_cross_entropy_with_logits(model.decode(z), test, reduction="none")
elbo = log_p_pixels.sum((1, 2)) - kl_divergence(posterior, model.latent_space.prior())

# %% [markdown]
# ### The same with svae_lib
#
# With the same random numbers the bound is the same. And the codes are where we want them, on a sphere. Its radius is
# $\sqrt{3}$, for then each of the three coordinates has standard deviation one under the prior, as in flat space. No KL
# depends on the radius, but the decoder reads the coordinates. (The papers take radius 1.)

# %%
torch.manual_seed(0)
print(f"largest difference of an ELBO: {(model.elbo(test).total - elbo).abs().max():.2f} nats")
print(f"distances of the codes from the center: {z.norm(dim=-1).min():.4f} to {z.norm(dim=-1).max():.4f}")

# %% [markdown]
# ## Train it
#
# Twenty epochs, about ten seconds, and the panels above go on meanwhile. In the first five the KL counts only in part
# (a *warm-up*), so that the decoder learns to use the code before the code becomes expensive. A training image is
# binarized afresh each time it is seen.

# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
sphere = build_vae(data.image_shape, "s2")
history = fit(sphere, data, epochs=20, batch_size=50, schedule=Schedule(warmup=5))
score = evaluate(sphere, test)
print(f"ELBO {score.elbo:.1f} = reconstruction {score.reconstruction:.1f} - KL {score.kl:.1f} nats per test image")

# %%
plotting.training_curves(history.rows)

# %% [markdown]
# Both parts grow, the second far less than the first. A code of $k$ nats picks out about one part in $e^k$ of the
# sphere: the model is still learning to be more precise. The gap between the two lines is overfitting to its 4,000
# training images.
#
# Is that good? A baseline helps: with no code at all, predict the mean of the training images for every image:

# %%
p = to_unit(data.train.images).mean(0).clamp(0.001, 0.999)
mean_image = (test * p.log() + (1 - test) * (1 - p).log()).sum((1, 2)).mean()
print(f"the mean image: {mean_image:.0f} nats per image")
print(f"the ELBO of the sphere is higher by {10 * ((score.elbo - mean_image) // 10):.0f} nats or more")

# %%
plotting.reconstructions(test[:10], sphere.reconstruct(test[:10]))

# %% [markdown]
# Each image in the lower row is decoded from two numbers, a longitude and a latitude. Common shapes come through; a
# rare one is replaced by a common one nearby. With more images and more epochs the map becomes sharper: compare
# `LatentGlobe(sphere)` with the globe above.

# %% [markdown]
# ## And flat space?
#
# The same network, small data set and seed as before, with $z \in \mathbb{R}^2$ and a normal prior. One word of the
# program changes:

# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
plane = build_vae(data.image_shape, "e2")
plane_history = fit(plane, data, epochs=20, batch_size=50, schedule=Schedule(warmup=5))

# %%
plotting.latent_scatter(plane, test[:200], labels[:200])

# %% [markdown]
# Here is the middle again, where many kinds crowd together, and here are the few kinds that moved out into the open,
# far from all others.
#
# So which wins? Two training runs with one seed each cannot say. The course stores runs, each on all of MNIST for 80
# epochs: a file with every run's seed, command and scores, on MNIST's own 10,000 test images. In its picture each mark
# is one run, and zero is the mean of the Gaussian runs with the same $d$. The gray triangles are the sphere with the
# settings of the [paper](https://arxiv.org/abs/1804.00891) that introduced it, the blue dots the sphere as `build_vae`
# makes it: with another radius and another *head*, the formula that turns an encoder output into $\kappa$ (both are
# explained below, and so are the few runs whose scale is learned).

# %%
try:
    runs = stored_runs("results/mnist.json")
except InputError as problem:
    print(problem)
    runs = []
figures.seed_comparison(runs) if runs else None

# %% [markdown]
# The rate of a model is the KL of its code, the distortion what the code fails to reproduce. The log-likelihood weighs
# one against the other. In two, three and five dimensions the sphere is ahead, at ten it has fallen behind, and at
# forty it is far behind, the more so with the paper's settings. Are ten dimensions too many for a sphere, or is it
# something else that the two models do not share?
#
# ### A comparison of two scales
#
# A point of the unit sphere in $\mathbb{R}^m$ has coordinates of standard deviation $1/\sqrt{m}$, since their squares
# add up to one. A point of the normal prior has coordinates of standard deviation 1. So to the decoder of $S^{10}$ a
# sample of the prior is $\sqrt{11} = 3.3$ times smaller than one of $\mathbb{R}^{10}$, and gradients that come back
# through a code are that much smaller than at radius $\sqrt{11}$. The KL does not see the radius (chapter 2): a sphere
# of radius $\sqrt{m}$ has the same objective, and inputs of scale 1.
#
# And the width of a posterior? The paper takes $\kappa = 1 + \mathrm{softplus}(s)$ from an output $s$ of the encoder.
# Useful values of $\kappa$ lie in the hundreds and thousands, so $s$ has to travel from 0 to there, in steps that suit
# numbers near 1. With $\kappa = 1 + m / \mathrm{softplus}(-s)^2$, at radius $\sqrt{m}$ the posterior's standard
# deviation along the sphere is $\mathrm{softplus}(-s)$, and a step of $s$ means the same as in a Gaussian's $\sigma$.
#
# Both are measured here in four training runs with ten dimensions, on the small data set, which are stored too:

# %%
try:
    scale = stored_records("results/03_scale.json")
except InputError as problem:
    print(problem)
    scale = {}
figures.scale_story(scale) if scale else None

# %% [markdown]
# On the left, before the first step, gradients of the reconstruction with respect to the encoder's outputs: with the
# paper's settings, the one that sets $\kappa$ hardly gets any. In the middle, how wide posteriors are, as a fraction of
# the prior's width. The paper's sphere does not prefer to be uncertain; it has not arrived. On the right, what that
# costs.

# %%
narrow = scale["sphere, as in the papers"]["width"][-1] if scale else 0
for name, record in scale.items():
    start, epoch = record["start"], next(e for e, width in enumerate(record["width"]) if width <= narrow)
    print(f"{name:28} code {start['code']:.1f}  gradient of κ or σ {start['width']:.2f}  as narrow in epoch {epoch}")

# %% [markdown]
# Nothing in these two changes is about geometry, and in this short training (4,000 images, thirty epochs) they turn the
# order around: a comparison of two geometries was a comparison of two input scales. All of MNIST and eighty epochs are
# 17 times as many steps. There, small gradients have time to arrive. Here is what remains.
#
# ### What do the numbers say?


# %%
if runs:
    print(" d  setting                           runs  mean, 95 %        minus the Gaussian")
for line in figures.score_table(runs):
    print(line)

# %% [markdown]
# After ± stands half the width of a 95 % interval for the mean over training runs. In the last column is p, by Welch's
# test of that line against the Gaussian with the same $d$, corrected for the number of lines (Holm): how often seeds
# alone would put the two so far apart if they were equally good. With p above 0.05 the runs name no winner, whichever
# mean is higher. A line of one seed has no interval and no test: with one run each, one of the two is always ahead.
#
# So *does a round latent learn better*? In two dimensions the sphere gains more than a nat and a half, in five about
# one. With the paper's settings it gains as much in two; in five its mean is half a nat lower, and the runs do not
# separate it from flat space. At ten the order turns: flat space is ahead by 0.4 nats at equal scale. At 20 and 40 it
# wins clearly, by 2.1 and by 5.4 nats. Scale explains some of it (at forty it is worth 1.6 nats), not most. What does?
# A single $\kappa$ has to serve forty directions, where a Gaussian has forty widths. Chapter 4 gives the sphere more
# of them.
#
# The radius can be learned too, with a learning rate of its own: `svae train --latent s10 --learn-radius
# --radius-learning-rate 0.01`. On the small data set that is better on average than the fixed radius in each of the
# seven spaces that we tried, by one to six nats of the validation ELBO (`run_files/README.md` has all settings), and
# the radius grows to two to four times $\sqrt{m}$: the decoder wants larger inputs. That is scale once more, and not
# the sphere's alone: with one learned scale (`--learn-scale`) a Gaussian gains one to three nats there. In the long
# training at $d = 10$ either gains less than half a nat, and no test separates that from nothing, nor the sphere from
# flat space where both have learned it.
#
# The paper reports means of ten runs, on the sphere against flat space: −132.5 against −135.7 at $d = 2$, −108.4
# against −110.2 at $d = 5$, and −93.2 against −93.8 at $d = 10$. Our means have that order at 2 and 5, with smaller
# gains, and the other one at 10. Their training was longer (batches of 64 images, a warm-up of 100 epochs, and no end
# before 50 epochs without a gain; ours: 100, 20, and 80 epochs in all). All of this is for one kind of network and one
# set of digits.
#
# ## Exercises
#
# Each check prints one line and plots your answer against the truth. ★ takes about 5 minutes, ★★ 15, ★★★ 30.
#
# ### Exercise 3.1 ★: the ELBO from its parts
#
# You get the log-probability of every pixel, shape `(B, H, W)`, and the KL of every image, shape `(B,)`. Return the
# ELBO of every image, shape `(B,)`.


# %%
def elbo(log_p_pixels, kl):
    return None


check.ex3_1(elbo)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The pixels are independent given $z$, so the probability of an image is a product. What does the logarithm make of it?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def elbo(log_p_pixels, kl):
#     return log_p_pixels.sum((1, 2)) - kl
# ```
#
# </details>

# %% [markdown]
# ### Exercise 3.2 ★★: why the sum?
#
# Most programs average a loss over everything, pixels included. You get one image's log-probabilities under $K$ codes
# that differ only in their concentration, shape `(K, H, W)`, and the KL of each code, shape `(K,)`. Return the index of
# the code, from 0 to $K - 1$, that is best for a program that averages over the pixels.


# %%
def winner(log_p_pixels, kl):
    return None


check.ex3_2(winner)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Write down what such a program calls its ELBO. `argmax` finds the best code.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def winner(log_p_pixels, kl):
#     return (log_p_pixels.mean((1, 2)) - kl).argmax()
# ```
#
# An average over 784 pixels makes the reconstruction count 784 times less and leaves the KL as it was. That is a VAE
# with $\beta = 784$: the more pixels, the less information a code may carry, until $\kappa$ is zero and the code is
# ignored. The average over the *images* of a batch is harmless, because both parts share it.
#
# </details>

# %% [markdown]
# ### Exercise 3.3 ★★: a tighter bound
#
# With $K$ codes instead of one there is a better bound on $\log p(x)$, the one that `evaluate` calls `log_likelihood`:
#
# $$\mathcal{L}_K = \mathbb{E} \log \frac{1}{K} \sum_{k=1}^{K} w_k, \qquad
# w_k = \frac{p(x \mid z_k)\, p(z_k)}{q(z_k \mid x)}, \qquad
# \mathrm{ELBO} = \mathcal{L}_1 \le \mathcal{L}_K \le \log p(x)$$
#
# You get $\log w_k$, shape `(K,)`, with values around −150. Return the logarithm of the mean weight, a single number.


# %%
def bound(log_w):
    return None


check.ex3_3(bound)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $e^{-150}$ is zero in float32. What if you first divide every weight by the largest one?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def bound(log_w):
#     return torch.logsumexp(log_w, 0) - torch.tensor(float(len(log_w))).log()
# ```
#
# </details>

# %% [markdown]
# The stored model keeps the order that theory demands (these are training images, so take the order and not the values
# as a result):

# %%
bounds = [evaluate(atlas, test, num_importance_samples=count) for count in (10, 100)]
ten, hundred = (bound.log_likelihood for bound in bounds)
print(f"ELBO {bounds[0].elbo:.1f} < bound of 10 codes {ten:.1f} < bound of 100 codes {hundred:.1f}")

# %% [markdown]
# ### Exercise 3.4 ★: how deep does the straight line go?
#
# In the panel under *Two paths*, choose a pair of digits more than 90° apart, and move the fraction until the straight
# line is as near to the center as it comes. Read the whole angle and that distance off the line under the sliders.
#
# Which law do you see if you try other pairs? With $\theta$ the whole angle, and radius 1, the line comes as near as
# (1) $\cos\theta$, (2) $\cos(\theta/2)$, (3) $1 - \theta/180°$, (4) $\sin(\theta/2)$. Return the angle in degrees, the
# distance, and the number of the law.


# %%
def depth():
    return None


check.ex3_4(depth)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The two ends and the center are the corners of a triangle with two equal sides. Where is its third side nearest to the
# center?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def depth():
#     return 154, 0.23, 2  # from 5 to 7, halfway
# ```
#
# Halfway, at a distance of $\cos(\theta/2)$: opposite digits meet at the center itself. The decoder has been trained at
# one distance only. What it makes of others is extrapolation, and there it is unsure of many pixels.
#
# </details>

# %% [markdown]
# ### Exercise 3.5 ★★★: a great circle that never stumbles
#
# Write `slerp(a, b, t)` for two unit vectors in float32, shape `(m,)`, and a fraction `t`. Taken literally, the formula
# above fails where two codes are near each other, or nearly opposite: it divides by $\sin\theta$, and
# $\theta = \arccos(a^\top b)$ has lost its digits there. Yours should be right to three digits at every angle from 0 to
# 179.7°.


# %%
def slerp(a, b, t):
    return None


check.ex3_5(slerp)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Near 1 and near −1 the inner product hardly changes with the angle. The lengths of $a - b$ and $a + b$ do:
# $\theta = 2\,\mathrm{atan2}(|a - b|, |a + b|)$. And $\sin(t\theta)/\sin\theta$ is 0/0 at $\theta = 0$, while
# `torch.sinc(x)`, which is $\sin(\pi x)/(\pi x)$, is 1 there.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def slerp(a, b, t):
#     theta = 2 * torch.atan2((a - b).norm(), (a + b).norm())
#     whole = torch.sinc(theta / torch.pi)
#     near, far = (s * torch.sinc(s * theta / torch.pi) / whole for s in (1 - t, t))
#     return near * a + far * b
# ```
#
# No case distinction and no small number added to a divisor: another formula is right everywhere. Exactly opposite
# points have no shortest way; any great circle would do.
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
# - The whole latent space fits on a globe, without a middle or an edge, and digits that look alike are neighbors on it,
#   although the model never saw a label. Stay on it: halfway along the straight line the decoder is less certain.
# - A code of six nats on $S^2$ is worth some sixty nats of reconstruction.
# - In few dimensions the sphere is better, in many flat space is. Part of that is input scale, which a comparison of
#   geometries has to make equal first; the rest is one $\kappa$ for all directions.
#
# ## Recap
#
# <details><summary>Which two parts does the ELBO have, and which of them depends on the radius of the sphere?</summary>
#
# The reconstruction and the KL. The KL does not depend on the radius; the reconstruction does, because the decoder
# reads the coordinates.
#
# </details>
#
# <details><summary>One run on the sphere scores 0.4 nats better than one run in flat space. What do you conclude?
# </summary>
#
# Nothing yet: seeds alone move a score that far. Train several of each, and test the difference.
#
# </details>
#
# <details><summary>From chapter 1: of the random numbers that a vMF sample on S² takes, how many depend on κ?</summary>
#
# One: $w$, the cosine of the angle to $\mu$. The direction around $\mu$ is uniform.
#
# </details>
#
# ## Sharp bits
#
# - **Two dimensions, three numbers.** $S^2$ is a surface ($d = 2$) with ambient dimension $m = 3$. svae_lib names a
#   space by $d$: codes of `"s2"` have three coordinates but two degrees of freedom, just as many as those of `"e2"`.
# - **The sum over pixels, not the mean.** Exercise 3.2.
# - **The radius and the head.** `build_vae` takes radius $\sqrt{m}$ and $\kappa = 1 + m / \mathrm{softplus}(-s)^2$; the
#   paper's are `Sphere(2, radius=1.0, concentration_head="softplus")`, or `svae train --papers`.
# - **The floor of $\kappa$.** svae_lib keeps $\kappa \ge 1$ as the papers do, so the KL of every image is at least 0.15
#   nats on $S^2$. `Sphere(2, concentration_floor=0)` removes the floor.
# - **The best epoch, not the last.** `fit` returns the weights of the epoch with the best validation ELBO.
# - **One $\kappa$ for all directions.** Scale is not the whole story: in forty dimensions one sphere has one width for
#   forty directions, and a Gaussian has forty. Chapter 4 takes several spheres.
#
# ## References
#
# - Davidson, Falorsi, De Cao, Kipf, Tomczak.
#   [Hyperspherical Variational Auto-Encoders](https://arxiv.org/abs/1804.00891), UAI 2018.
# - Kingma, Welling. [Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114), ICLR 2014.
# - Bowman, Vilnis, Vinyals, Dai, Jozefowicz, Bengio.
#   [Generating Sentences from a Continuous Space](https://arxiv.org/abs/1511.06349), CoNLL 2016. The warm-up.
# - Burda, Grosse, Salakhutdinov. [Importance Weighted Autoencoders](https://arxiv.org/abs/1509.00519), ICLR 2016.
#   The bound of exercise 3.3.

# %% [markdown]
# Previous: [2 · KL across dimensions](02_kl_across_dimensions.ipynb) ·
# Next: [4 · Product-space latents](04_product_space_latents.ipynb)
