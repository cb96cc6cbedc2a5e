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
# # 4 · Product-space latents
#
# **What do many small spheres buy?**
#
# 35 minutes. You need chapters 2 and 3: what a concentration costs, and how a VAE with codes on a sphere is trained. By
# the end you will be able to
#
# - build a latent space from several spheres, and say what its posterior can express that one sphere's cannot;
# - read a whole torus of digits, and steer it with two dials;
# - count what each split of a sphere buys, and what you give up for it;
# - say what stored runs show, and what they do not.
#
# Previous: [3 · Training on MNIST](03_training_on_mnist.ipynb) · Next: [5 · The circle test](05_circle_test.ipynb)

# %% [markdown]
# ## The question
#
# A von Mises-Fisher distribution (vMF) on a sphere has a direction $\mu$ and one concentration $\kappa$. *One*, whether
# the sphere is $S^2$ or $S^{40}$: it is equally wide in every direction. But a code holds many things about an image.
# The encoder can be certain of some of them, and not of others.
#
# A normal distribution has a variance for every coordinate. Can a sphere have as many? One sphere cannot. Several can.

# %% [markdown]
# ## Predict
#
# Write down your answers before you go on.
#
# 1. Split ten dimensions into five spheres $S^2$. How many coordinates does a code have then, and how many
#    concentrations?
# 2. A latent space of two circles, $S^1 \times S^1$: what does it look like? What happens at its edges?
# 3. Of four ways to split ten dimensions, will the one with the most concentrations get the best score?

# %%
import numpy as np
import torch
from torch.distributions import kl_divergence
from torch.nn.functional import normalize, softplus

from svae_course import stored, stored_model, stored_runs
from svae_course.chapter_04 import exercises as check
from svae_course.chapter_04 import figures
from svae_course.chapter_04.panel import PartitionPanel
from svae_course.vmf import floor_kl
from svae_lib import HypersphericalUniform, VonMisesFisher, load_dataset, plotting
from svae_lib.datasets import held_out_images
from svae_lib.errors import InputError
from svae_lib.models import Bernoulli
from svae_lib.widgets import DialsPanel

data = load_dataset("mnist_5k")  # ships with the installation; "mnist" is the full set
test, labels = held_out_images(data.test, Bernoulli()), data.test.labels
torus, product = (stored_model(space, data) for space in ("2xs1", "5xs2"))
print(f"{data.name}: {len(test)} images to look at, models with {torus.latent_space} and {product.latent_space}")

# %% [markdown]
# Run this cell first (Shift+Enter); every panel below then runs alone. The two models were trained on all of MNIST, by
# this project's own command, and are stored with the course. The images here were among their training images, so we
# look at them and give no scores. If a file is missing or damaged, a short training run takes its place.

# %% [markdown]
# ## One vMF is round
#
# Here are samples from one vMF on the sphere $S^2$, and from a pair of vMFs on two circles, $S^1 \times S^1$. Both
# spaces have two dimensions, and both posteriors have the same KL.

# %%
figures.posterior_shapes()

# %% [markdown]
# On the sphere the cloud is round, and no $\kappa$ can make it anything else. The pair says *about here on circle 1,
# exactly here on circle 2*, for the same number of nats.
#
# That is the idea of the paper. Take $K$ spheres instead of one, with a vMF on each, independent of each other:
#
# $$q(z \mid x) = \prod_{k=1}^{K} \mathrm{vMF}(z_k;\, \mu_k, \kappa_k), \qquad
# \mathrm{KL}\big(q \,\|\, p\big) = \sum_{k=1}^{K} \mathrm{KL}\big(q_k \,\|\, p_k\big)$$
#
# The second formula follows from the first: a logarithm turns the product into a sum. Each sphere, a *factor*, keeps
# its own uniform prior.
#
# ### From scratch
#
# For each circle the encoder gives three numbers: two for the direction, and one, $s$, for the concentration. The
# circles have radius $\sqrt{m} = \sqrt{2}$, so that coordinates have standard deviation one under the prior. On that
# scale a narrow vMF has standard deviation $\sigma$ where $\kappa = m / \sigma^2$, and as for a Gaussian posterior the
# encoder gives $\sigma = \mathrm{softplus}(-s)$. Split, normalize, sample, concatenate:

# %%
torch.manual_seed(0)
numbers = torus.head(torus.encoder(test))  # (N, 6)
radius, factors = 2**0.5, []
for each in numbers.split(3, dim=-1):
    mu, sigma = normalize(each[:, :2], dim=-1), softplus(-each[:, 2])
    factors.append(VonMisesFisher(mu, 1 + 2 / sigma**2, radius))
z = torch.cat([vmf.rsample() for vmf in factors], dim=-1)
kl = sum(kl_divergence(vmf, HypersphericalUniform(2, radius)) for vmf in factors)

# %% [markdown]
# ### The same with svae_lib
#
# A latent space has a name: `2xs1` is two circles $S^1$, and `s4,s3,s3` is one $S^4$ and two $S^3$. The same posterior
# has the same KL. Its codes have four coordinates, a point on each of two circles:

# %%
same = kl_divergence(torus.encode(test), torus.latent_space.prior())
print(f"KL from scratch: {kl.mean():.2f} nats per image, from svae_lib: {same.mean():.2f}")
radii = z.view(-1, 2, 2).norm(dim=-1)
print(f"codes of shape {tuple(z.shape)}, distances from the centers {radii.min():.4f} to {radii.max():.4f}")

# %% [markdown]
# ## A torus of digits
#
# Two independent angles: that is the surface of a doughnut, a torus. Its area is finite, so we can decode *all* of it,
# as we did with the sphere.

# %%
plotting.torus_of_digits(torus)

# %% [markdown]
# On the left is the latent space as a doughnut, on the right the same surface cut open along two circles. What leaves
# the map on the right comes back on the left, and what leaves at the top comes back at the bottom. There is no rim, and
# no middle either. The doughnut squeezes its inner side; the model's torus, in ambient dimension four, does not.
#
# Where does the encoder put the images? Each is marked with its label, which the model has never seen:

# %%
plotting.latent_scatter(torus, test, labels)

# %% [markdown]
# Most digits have a region of their own, and some regions run across an edge. Compare with the map above: the model
# decodes each digit where it encodes it.
#
# ### Turn the dials
#
# Each factor is a dial. Move a slider, type the angles of a place on the map, or take a dial by its knob. The buttons
# set both dials to the code of a test image.

# %%
DialsPanel(torus, {f"a {digit}": test[labels == digit][0] for digit in range(10)})

# %% [markdown]
# Around each dial are the digits that it leads to while the other stays put. Press "a 7", turn one dial, and watch the
# *other* ring: it changes too, for the two angles determine the digit together. Nobody asked the model to give each
# dial a meaning of its own.

# %% [markdown]
# ## What did we give up?
#
# With $S^1 \times S^1$ the decoder reads four numbers, as many as with $S^3$. But only two of them are free:

# %%
for space in ("s3", "2xs1"):
    counts = figures.partition(space)
    sizes = f"{counts.coordinates} coordinates, {sum(counts.dims)} dimensions"
    print(f"{space}: {sizes}, number of kappas: {counts.concentrations}")

# %% [markdown]
# We gave up a third dimension, and got a second concentration for it. It is always so: a sphere $S^{d_k}$ has $d_k + 1$
# coordinates and one concentration. So with $K$ factors and $d$ dimensions in all, the ambient dimension is
#
# $$m = \sum_{k=1}^{K} (d_k + 1) = d + K$$

# %%
figures.dimension_budget()

# %% [markdown]
# Hold the dimensions at ten, on the left, and every cut adds a coordinate for the decoder to read and a concentration:
# the encoder gives 12, 14, 16 and 20 numbers, two more a cut (from three factors to five there are two cuts). Hold the
# coordinates at twelve, on the right, and every cut takes a dimension and gives a concentration: 13, 14, 15, 16 and 18
# numbers, one more a cut. The rule is the same, $d_k + 2$ per factor. Six circles are the end of the road: half of the
# twelve coordinates are spent on lengths, which are fixed.
#
# ## Does the model use them?
#
# Five factors $S^2$, so five concentrations per image. All five spheres have the same dimension, so their $\kappa$ may
# be compared (see chapter 2 for why $\kappa$ cannot be compared across dimensions).

# %%
plotting.kappa_by_factor(product, test, labels)

# %% [markdown]
# On the left: the encoder is more certain of some factors than of others. The boxes hold the middle half of the images,
# the whiskers nine tenths. On the right: each row is one image, and within a row the numbers differ; with one sphere,
# the whole row would be the same number. Down a column they differ too. Let us count:

# %%
kappas = plotting.factor_concentrations(product, test)  # (N, 5)
twice = kappas.max(1) >= 2 * kappas.min(1)
print(f"the largest is twice the smallest or more in {twice.sum()} of {len(twice)} images")
largest = np.bincount(kappas.argmax(1), minlength=5)
print("images in which factor 1, 2, ... has the largest:", *largest)
medians = {digit: float(np.median(kappas[labels == digit])) for digit in range(10)}
print("median by digit:", ", ".join(f"{digit}: {median:.0f}" for digit, median in medians.items()))

# %% [markdown]
# In 483 of 500 images factor 1 is the one that the encoder knows best, and in 482 the largest $\kappa$ is at least
# twice the smallest. The model uses its freedom. Of a 1, whose median is 20, it is far less certain than of any other
# digit. (Our guess: a single stroke loses few pixels where its code is a little off.)

# %% [markdown]
# ### Spend a budget
#
# Ten dimensions as one sphere, as two, three or five. Choose a partition, then set $\kappa$ for the first factor, and
# for the others. Where stored samples are found, the images are decoded from the prior, by a model of each kind.

# %%
PartitionPanel(stored("results/04_samples.safetensors"))

# %% [markdown]
# Bars of one color are one sphere, and a bar of height 1 is as wide as the prior. Five spheres, with $\kappa = 50$ on
# one of them and 5 on the others, cost 8.8 nats. Choose `s10`: the KL stays, but the ten bars have the same height. One
# sphere spends its nats evenly; a product spends them where it likes. Now go back to `5xs2` and press "certain of
# none". Even then each factor pays, because our models, like the papers', keep $\kappa \ge 1$. A code that carries no
# information still has a KL, and it grows with $K$. Trained models stay far above it:

# %%
for space in ("s10", "s5,s5", "s4,s3,s3", "5xs2"):
    name = figures.partition(space).name
    print(f"{name}: {floor_kl(space):.2f} nats at least")

# %% [markdown]
# ## Is it worth it?
#
# More concentrations mean more freedom. But independent factors are a restriction of another kind, and five small
# spheres are a different space from one large one. Theory does not settle it. The course stores runs on all of MNIST
# with radius $\sqrt m$ (chapter 3): the same network, 80 epochs, scored on MNIST's own test set. In their picture each
# dot is one training run, and a gray bar spans the seeds of one partition. To the right lie better log-likelihoods and
# better reconstructions, but larger KLs.

# %%
try:
    all_runs = stored_runs("results/mnist.json")
except InputError as problem:
    print(problem)
    all_runs = []
runs = figures.default_runs(all_runs)
figures.partition_scores(runs) if runs else None

# %% [markdown]
# How far do the seeds of *one* partition lie apart? Chance alone moves a score that far. So each partition is compared
# with one sphere by a test over the seeds, Welch's, whose p is corrected for the number of lines (as in chapter 3):

# %%
if all_runs:
    print("space                runs  mean, 95 %        minus s10")
for line in figures.split_table(all_runs, figures.TEN):
    print(line)

# %% [markdown]
# That answers the third question: the partition with the most concentrations has the lowest score. Two spheres $S^5$
# are not separated from one $S^{10}$; more cuts cost 0.9 and 1.7 nats. (One $\kappa$ for ten directions seems to
# suffice here. Why a cut costs something, these runs do not say.)
#
# And in forty dimensions, where one $\kappa$ has to serve forty directions? Chapter 3 left $S^{40}$ behind
# $\mathbb{R}^{40}$ at the scale that suits both. Here are products of forty dimensions, at that scale too:

# %%
if all_runs:
    print("space                  runs  mean, 95 %        minus s40")
for line in figures.split_table(all_runs):
    print(line)

# %% [markdown]
# Five spheres $S^8$ win back four of the 5.4 nats that one sphere had lost to flat space, which has forty
# widths. More and smaller spheres win back less, and forty circles nothing. A radius that is learned (chapter 3) adds a
# third of a nat to one run of $S^{40}$, and half a nat to one of its products. So a split can help a great deal, there
# is such a thing as too many cuts, and flat space stays ahead here.
#
# This is one data set and one kind of network. The paper goes to higher dimensions too, and reports improved results on
# a selection of image data sets. A product is a choice, not a rule: count what it costs you, and run several seeds
# (`svae sweep run_files/mnist_best.toml` trains three of each).
#
# ## Exercises
#
# Each check prints one line and plots your answer against the truth. ★ takes about 5 minutes, ★★ 15, ★★★ 30.
#
# ### Exercise 4.1 ★: the KL of a product
#
# You get two lists of distributions, the posteriors and the priors of the factors. Each posterior has batch shape
# `(B,)`. Return the KL of the product, shape `(B,)`.


# %%
def product_kl(posteriors, priors):
    return None


check.ex4_1(product_kl)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `torch.distributions.kl_divergence(posterior, prior)` handles one factor. The formula for all of them is above.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def product_kl(posteriors, priors):
#     kl = torch.distributions.kl_divergence
#     return sum(kl(q, p) for q, p in zip(posteriors, priors))
# ```
#
# The sum runs over factors, not over images. Published code has summed over both by mistake; the bound is then off by
# the batch size.
#
# </details>

# %% [markdown]
# ### Exercise 4.2 ★: the dimension budget
#
# You get the dimensions of the factors, such as `[4, 3, 3]`. Return four counts, shape `(4,)`, in this order:
# coordinates of a code; dimensions, the degrees of freedom of its directions; concentrations; numbers that the encoder
# outputs per image.


# %%
def count(dims):
    return None


check.ex4_2(count)

# %% [markdown]
# <details><summary>Hint</summary>
#
# For one $S^d$ the four counts are $d + 1$, $d$, $1$ and $d + 2$.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def count(dims):
#     d, K = sum(dims), len(dims)
#     return torch.tensor([d + K, d, K, d + 2 * K])
# ```
#
# The encoder outputs $K$ more numbers than it needs: a direction takes only $d_k$, but $d_k + 1$ numbers, divided by
# their length, have no seam and no pole.
#
# </details>

# %% [markdown]
# ### Exercise 4.3 ★★: exchange one factor
#
# You get two codes, `a` and `b`, of shape `(m,)`, a factor `k`, counted from 0, and the ambient dimension of each
# factor, such as `[5, 4, 4]`. Return the code `a` with its factor `k` replaced by that of `b`, and leave `a` and `b` as
# they are.


# %%
def exchange(a, b, k, sizes):
    return None


check.ex4_3(exchange)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Factor `k` begins where the factors before it end.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def exchange(a, b, k, sizes):
#     start = sum(sizes[:k])
#     mixed = a.clone()
#     mixed[start : start + sizes[k]] = b[start : start + sizes[k]]
#     return mixed
# ```
#
# The mixed code lies in the latent space again: each of its factors is a point of its own sphere. Exchange coordinates
# of *one* sphere, and you leave it.
#
# </details>

# %% [markdown]
# This is what it does to two digits:

# %%
three, eight = (test[labels == digit][0] for digit in (3, 8))
plotting.swap_factors(product, three, eight)

# %% [markdown]
# Each column exchanges one factor between the two images. Some exchanges change the digit, others only the way it is
# written. Which factor does what depends on the seed: before training they are all alike. To look further, try
# `DialsPanel(product, {"a 3": three, "an 8": eight})`, with its five dials.

# %% [markdown]
# ### Exercise 4.4 ★★: spend ten nats
#
# Move the panel under *Spend a budget*, and watch the KL in the line under its sliders.
#
# 1. `5xs2`, with $\kappa = 100$ for the first factor: at which $\kappa$ of the others does the line first say 10.0 nats
#    or more?
# 2. `s10`: at which $\kappa$ does it first say 10.0 nats or more?
# 3. In 2 all ten bars of the spread have the same height, in 1 they have two. Which sentence explains it? (1) One
#    sphere is cheaper, so more nats are left for each dimension. (2) One $\kappa$ serves all dimensions of its sphere,
#    so one sphere can only spend its nats evenly. (3) $S^{10}$ has fewer coordinates, so its posterior is rounder. (4)
#    Larger $\kappa$ makes every posterior rounder.
#
# Return the three numbers.


# %%
def ten_nats():
    return None


check.ex4_4(ten_nats)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The arrow keys move a slider by one. What do the four other factors have to pay once the first has paid its part?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def ten_nats():
#     return 6, 64, 2
# ```
#
# The first factor pays 4.3 nats, which leaves 1.4 for each of the others. With $S^{10}$ ten nats buy $\kappa = 64$, and
# a spread of 0.4 in every direction: twice as wide as factor 1 of the product, and narrower than its others.
#
# </details>

# %% [markdown]
# ### Exercise 4.5 ★★★: where should the nats go?
#
# An error in factor $k$ costs the reconstruction $c_k$ nats per unit of $1 - w_k$, one minus the cosine of the angle to
# $\mu_k$; its mean is $1 - A(\kappa_k)$. You have a budget of nats for the KL of all factors $S^2$ together. Which
# $\kappa_k$ make $\sum_k c_k\,(1 - A(\kappa_k))$ smallest? You get the costs, shape `(K,)`, the budget, and a function
# `kl` that gives the KL of each of several $\kappa$, shape `(K,)`. Return the $\kappa_k$, shape `(K,)`, to four digits.
#
# Recall from chapter 2 that $\mathrm{d\,KL}/\mathrm{d}\kappa = \kappa A'(\kappa)$.


# %%
def allocate(costs, nats, kl):
    return None


check.ex4_5(allocate)

# %% [markdown]
# <details><summary>Hint</summary>
#
# At the best $\kappa$ no factor gains by taking a little of another's nats: the gain $c_k A'(\kappa_k)$ per nat
# $\kappa_k A'(\kappa_k)$ is the same for all. So what is $\kappa_k$ proportional to? One number is left, for the
# budget.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def allocate(costs, nats, kl):
#     low, high = 1e-6, 1e6
#     for _ in range(60):
#         scale = (low * high) ** 0.5
#         if kl(scale * costs).sum() > nats:
#             high = scale
#         else:
#             low = scale
#     return scale * costs
# ```
#
# $A'$ cancels, and $\kappa_k = c_k / \lambda$ with the same $\lambda$ for all: concentrations are proportional to what
# an error costs. One sphere with a single $\kappa$ cannot do that. The ELBO has $\lambda = 1$: there the budget is
# free, and $\kappa_k = c_k$.
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
# - One sphere has one concentration. A product has one per factor, so its posterior can be narrow here and wide there,
#   at the same KL as a round one.
# - A split buys a concentration for a coordinate or for a dimension: $m = d + K$. And each factor pays the floor of its
#   $\kappa$.
# - The trained model uses what it bought: its concentrations differ by factor and by image. In our runs that raised the
#   score by up to four nats in forty dimensions, and not at all in ten.
#
# ## Recap
#
# <details><summary>Split twelve dimensions into four spheres S³. How many coordinates does a code have, how many
# numbers does the encoder give?</summary>
#
# $m = d + K = 16$ coordinates, and $d_k + 2 = 5$ numbers per factor: 20.
#
# </details>
#
# <details><summary>Two posteriors have the same KL, one on S¹⁰ and one on five S². What can the second say that the
# first cannot?</summary>
#
# That it is certain of one factor and not of another: it has five concentrations for the same nats.
#
# </details>
#
# <details><summary>From chapter 2: does the same κ cost the same on S² and on S¹⁰?</summary>
#
# No. For small $\kappa$ the KL is about $\kappa^2 / 2m$, so the larger sphere is cheaper at the same $\kappa$, and its
# posterior says less. Compare nats, or $\kappa$ on spheres of one dimension.
#
# </details>
#
# ## Sharp bits
#
# - **Compare $\kappa$ only between spheres of the same dimension.** In `s4,s3,s3` the first factor's $\kappa$ belongs
#   to a different sphere from the others. Compare nats instead.
# - **Ovals lie along the factors.** Factors are independent in the posterior, so a slanted oval, wide along a mixture
#   of two factors, is out of reach.
# - **A factor is not a feature.** Nothing in the bound asks the factors to mean anything. With another seed they divide
#   the work in another way.
# - **The order matters.** Samples are concatenated in the order written: `s4,s3,s3` and `s3,s3,s4` are two different
#   spaces.
# - **$d$ is not $m$.** `5xs2` has $d = 10$ and $m = 15$. Say which of the two you held fixed when you compare it with
#   one sphere.
#
# ## References
#
# - Davidson, Tomczak, Gavves.
#   [Increasing Expressivity of a Hyperspherical VAE](https://arxiv.org/abs/1910.02912), 2019. Products of spheres.
# - Davidson, Falorsi, De Cao, Kipf, Tomczak.
#   [Hyperspherical Variational Auto-Encoders](https://arxiv.org/abs/1804.00891), UAI 2018.
# - Mardia, Jupp. Directional Statistics, Wiley 2000. The von Mises-Fisher distribution.

# %% [markdown]
# Previous: [3 · Training on MNIST](03_training_on_mnist.ipynb) · Next: [5 · The circle test](05_circle_test.ipynb)
