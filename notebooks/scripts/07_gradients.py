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
# # 7 · Gradients through a rejection
#
# **How does a gradient pass a coin toss?**
#
# 35 minutes. You need chapter [1](01_vmf_sampling.ipynb): how the sampler proposes and rejects. By the end you will be
# able to
#
# - name four estimators of the gradient in $\kappa$, and say which are biased and which are noisy;
# - find the term that published code leaves out, and put it back in one line;
# - say who pays for it: not every latent space does.
#
# Previous: [6 · How many seeds](06_how_many_seeds.ipynb) ·
# Next: [8 · Other distributions on the sphere](08_other_distributions.ipynb)

# %% [markdown]
# ## The question
#
# A VAE learns the $\kappa$ of each posterior by gradient descent. So it needs the derivative of a mean over samples,
# $\frac{d}{d\kappa} E[f(w)]$, where $w$ is the cosine of the angle to $\mu$. For a Gaussian that is easy: a sample is
# `mean + std * noise`, and you differentiate that line. The sampler of chapter 1 accepts or rejects each proposal at
# random: it tosses a coin, and the coin depends on $\kappa$. What is the derivative of "rejected"?
#
# Throughout, $f(w) = w + c$. Its mean is $A + c$, so the truth is known: $A'(\kappa) = 1 - A^2 - (m-1) A / \kappa$.

# %% [markdown]
# ## Predict
#
# Write down your answers before you go on.
#
# 1. Ignore the coin: differentiate the accepted proposals at fixed noise. On the circle, at $\kappa = 2$, what share of
#    the true derivative do you get on average?
# 2. Add a constant, $c = 10$, to $f$. It changes no derivative. Which estimates does it make noisier?
# 3. Ten circles, trained with that share of the gradient. What will their $\kappa$ be: right, too small or too large?
#
# Run the next cell first (Shift+Enter). It loads everything that this chapter uses; after it, any cell runs alone.

# %%
import torch
from torch.distributions import Beta, kl_divergence

from svae_course import stored_runs
from svae_course.chapter_07 import exercises as check
from svae_course.chapter_07 import figures, scores
from svae_course.chapter_07.estimators import spreads
from svae_course.chapter_07.panel import GradientsPanel
from svae_course.chapter_07.training import UncorrectedVonMisesFisher
from svae_course.checking import progress
from svae_lib import HypersphericalUniform, VonMisesFisher
from svae_lib.ops import bessel_ratio


def moments(kappa, m):
    A = bessel_ratio(m / 2 - 1, torch.as_tensor(kappa)).item()
    return A, 1 - A**2 - (m - 1) * A / kappa


print(f"m = 2, kappa = 2: A = {moments(2.0, 2)[0]:.3f}, the true derivative {moments(2.0, 2)[1]:.3f}")

# %% [markdown]
# ## Without touching the samples: the score function
#
# Differentiate the density and leave the samples alone. The density of $w$ is proportional to $e^{\kappa w}$ times a
# factor without $\kappa$, so the derivative of its logarithm, the *score*, is $w - A$:
#
# $$\frac{d}{d\kappa}\, E[f(w)] = E\big[f(w)\,(w - A)\big]$$

# %%
torch.manual_seed(0)
A, truth = moments(2.0, 2)
w = VonMisesFisher(torch.eye(2)[0], 2.0).sample((100_000,))[:, 0]
values = w * (w - A)
print(f"mean of the estimates {values.mean():.3f}, truth {truth:.3f}")
figures.one_sample_estimates(values, truth)

# %% [markdown]
# The mean is right, and no coin was differentiated. But single estimates lie anywhere between $-0.1$ and $1.7$, ten
# times the truth. And this is the good case: add a constant to $f$, and the spread grows with it.

# %%
for c in (0, 10, 100):
    values = (w + c) * (w - A)
    print(f"c = {c:3}: mean {values.mean():6.2f}, standard deviation {values.std():5.2f}")

# %% [markdown]
# In a VAE, $f$ is the log-likelihood of an image, some $-100$ nats. At that size 100,000 samples do not settle the
# first digit.
#
# ## Through the accepted proposals
#
# The other way is to move the samples. A proposal $w = (y + x_0) / (1 + x_0 y)$ depends on $\kappa$ through $x_0$, and
# PyTorch differentiates it at fixed $y$. What it does not see is that *which* $y$ are accepted depends on $\kappa$ too.
# With $\pi(y; \kappa)$ for the density of the accepted ones, the product rule gives two terms:
#
# $$\frac{d}{d\kappa}\, E[f(w)] = E\Big[f'(w)\, \frac{\partial w}{\partial \kappa}\Big|_y\Big]
# + E\Big[f(w)\, \frac{\partial}{\partial \kappa} \log \pi(y; \kappa)\Big]$$
#
# ### From scratch
#
# This is the sampler of chapter 1, with a $\kappa$ that carries a gradient:


# %%
def accepted(kappa, m, n):
    root = (4 * kappa**2 + (m - 1) ** 2).sqrt()
    x0 = 2 * kappa / (m - 1 + root)
    y = 2 * Beta((m - 1) / 2, (m - 1) / 2).sample((2 * n,)) - 1
    w = (y + x0) / (1 + x0 * y)
    log_accept = kappa * (w - x0) + (m - 1) * torch.log((1 - x0 * w) / (1 - x0**2))
    kept = torch.rand(2 * n).log() < log_accept.detach()
    return w[kept][:n], log_accept[kept][:n]


# %% [markdown]
# The density of an accepted $y$ is the density of a proposal times the probability of acceptance, over a constant. So
# $\log \pi$ differs from `log_accept` by what does not depend on $y$, and subtracting the mean of $f$ takes care of
# that. The correction is one line:

# %%
torch.manual_seed(0)
kappa = torch.tensor(2.0, requires_grad=True)
w, log_accept = accepted(kappa, 2, 200_000)
without = w.mean()
corrected = (w + (w - w.mean()).detach() * log_accept).mean()
for name, value in {"without": without, "with correction": corrected}.items():
    slope = torch.autograd.grad(value, kappa, retain_graph=True)[0]
    print(f"{name:15} {slope:.3f}, {100 * slope / truth:.0f} % of the truth")

# %% [markdown]
# That answers the first question: **half of the gradient is missing**, and no number of samples brings it back. Code
# published with the first paper on hyperspherical VAEs leaves the term out, and packages that follow it do too. The
# authors [say so](https://github.com/nicola-decao/s-vae-pytorch/issues/7): they had written it, and found that it did
# not affect their results. Were they right? First see what each estimator does.

# %%
GradientsPanel()

# %% [markdown]
# On the left is the estimate by the angle of the sample, in units of the truth, over the density of such samples; on
# the right are 1,000 estimates. Choose the four estimators in turn, then press "c = 5". Two of them become very noisy,
# the other two do not move. Then set $c = 0$, choose *without correction*, and watch its mean while you raise $m$.

# %%
for name, spread in spreads(2.0, 2, 10.0).items():
    print(f"{name:18} mean {100 * spread.mean:5.1f} %, standard deviation {100 * spread.deviation:6.0f} % of the truth")

# %% [markdown]
# These are exact sums, for $c = 10$. Of the four, one is without bias and does not depend on $c$.
#
# ## How much is missing
#
# The derivative of a proposal has a short form, and so has its mean, since $E[1 - w^2] = (m - 1) A / \kappa$:
#
# $$\frac{\partial w}{\partial \kappa}\Big|_y = \frac{1 - w^2}{\sqrt{4\kappa^2 + (m-1)^2}}, \qquad
# \frac{\text{what arrives}}{\text{truth}} = \frac{(m-1)\, A}{\kappa\, A'\, \sqrt{4\kappa^2 + (m-1)^2}}$$

# %%
torch.manual_seed(0)
measured = []
for m, at in ((2, 0.3), (2, 2.0), (2, 20.0), (3, 2.0), (6, 4.0), (11, 8.0)):
    kappa = torch.tensor(at, requires_grad=True)
    slope = torch.autograd.grad(accepted(kappa, m, 100_000)[0].mean(), kappa)[0].item()
    measured.append((m, at, slope / moments(at, m)[1]))
figures.bias(measured)

# %% [markdown]
# Lines are the formula, dots our sampler under autograd. Nothing is missing at the ends: at $\kappa = 0$ the proposal
# is the distribution itself, and a very large $\kappa$ only scales the samples about $\mu$. In between, the circle
# loses most. At $m = 11$ the worst is 7 %, at $m = 41$ it is 2 %. In the papers' large spheres the term hardly matters.
#
# ## Move the samples the right way: implicit
#
# A sample has a rank: the share $F(w; \kappa)$ of all samples below it. Let $w$ move with $\kappa$ such that its rank
# stays what it is, and the whole distribution moves as it should, however the sample was drawn:
#
# $$\frac{dw}{d\kappa} = -\frac{\partial F / \partial \kappa}{\partial F / \partial w}
# = \frac{1}{p(w)} \int_{-1}^{w} (A - t)\, p(t)\, dt$$
#
# How the sample was accepted does not matter. The integral takes a few nodes for each sample (Exercise 7.1).

# %%
figures.velocities()

# %% [markdown]
# Blue is the right velocity, red that of an accepted proposal; the shaded area is the density of the angle. On the
# circle the red line is too low nearly everywhere; at $m = 11$ the two almost agree where the samples are. Follow each
# velocity from $\kappa = 0.5$ to $5$, and it shows what a velocity is for:

# %%
figures.carried_samples()

# %% [markdown]
# The implicit velocity takes the samples to the distribution at $\kappa = 5$. The other one leaves them behind, in a
# distribution that is too wide, and no vMF at all.
#
# ### The same with svae_lib
#
# `rsample` differentiates this way, in all dimensions; on $S^2$, where it inverts the distribution function, the two
# are the same.

# %%
torch.manual_seed(0)
for m, at in ((2, 2.0), (3, 2.0), (11, 8.0)):
    kappa = torch.tensor(at, requires_grad=True)
    z = VonMisesFisher(torch.eye(m)[0], kappa).rsample((200_000,))
    slope = torch.autograd.grad(z[:, 0].mean(), kappa)[0]
    print(f"m = {m:2}: {slope:.3f} from samples, truth {moments(at, m)[1]:.3f}")

# %% [markdown]
# ## Bias is not all

# %%
figures.deviations()

# %% [markdown]
# With $c = 0$ the corrected estimate is about as noisy as the implicit one, on the circle even less. But its second
# term holds $f$ itself, not $f'$, and with $c = 10$ it is more than ten times as noisy. That answers the second
# question: the score function and the correction get noisier, because both multiply $f$ by a score. A good constant,
# subtracted from $f$, helps (Exercise 7.2); in a VAE it would have to be found for every image.
#
# ## Who pays?
#
# Take one factor and a decoder that reads it. The reconstruction gains $s\,E[w]$ nats, where the *signal* $s$ is how
# much the image depends on this factor, and the code costs its KL. The derivative of the KL is $\kappa A'$, exactly, so
# the bound stops growing at $\kappa = s$. If only a fraction of the first gradient arrives, training stops where
# $\kappa$ is that fraction of $s$. And a real decoder adapts: if the code is noisier it relies on it less, and a larger
# $\kappa$ gains less.

# %%
figures.where_training_stops()

# %% [markdown]
# Dotted lines are the exact gradient. On the circle, a signal of 4 should give $\kappa = 4$, and 3.3 with a decoder
# that adapts; without the correction it ends at 2.1, and at 1.0. The loss is a third of a nat at most, on a larger
# sphere next to nothing. Here it is with samples, from scratch:


# %%
def trained(family, signal=4.0, m=2):
    torch.manual_seed(0)
    mu, log_kappa = torch.eye(m)[0], torch.tensor(1.0, requires_grad=True)
    scale = torch.tensor(1.0, requires_grad=True)  # of the decoder
    optimizer = torch.optim.Adam([log_kappa, scale], lr=0.01)
    for _ in range(800):
        q = family(mu, log_kappa.exp())
        error = (scale * q.rsample((200,)) - mu).square().sum(-1).mean()
        loss = 0.5 * signal * error + kl_divergence(q, HypersphericalUniform(m))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return log_kappa.exp().item()


for family in (VonMisesFisher, UncorrectedVonMisesFisher):
    print(f"{family.__name__:25} ends at kappa = {trained(family):.1f}")

# %% [markdown]
# ### Ten circles
#
# Now a VAE on 4,000 digits, the same code and the same seeds with either gradient. Our sampler is exact in both, so
# this is the missing term alone. `python -m svae_course.chapter_07.training FILE.json` made these runs.

# %%
runs = stored_runs("results/07_gradients.json")
scores.who_pays(runs)

# %% [markdown]
# On the left every mark is one run, higher is better. On the right is the KL of each of the ten circles, one line per
# run. Circles either carry some 2 nats, or have 0.2, the KL of the smallest $\kappa$, and no information. Call a circle
# *awake* if its KL is above 0.5 nats, the dotted line. With the exact gradient more of them are awake:

# %%
for gradient, found in scores.by_gradient(runs, "10xs1", scores.awake).items():
    print(f"{gradient:11} circles awake, by seed: {found}")
print("\n".join(scores.score_table(runs)))

# %% [markdown]
# With five seeds on each side the gap of four and a half nats is separated from 0, at p = 0.009. With the exact
# gradient five to seven circles are awake, without the correction three to five. So it is the circles that pay, and
# not as question 3 suggests, with a $\kappa$ that is a little too small. A circle that is awake mostly has a $\kappa$
# above 15, where nine tenths and more of the gradient arrive. The others never got there. A likely reason: while the
# code forms, at a $\kappa$ of 1 to 5, up to half of the gradient toward a larger $\kappa$ is missing, and the decoder
# learns to do without them. The model of one factor above shows the same effect, but a smaller one.
#
# ## Exercises
#
# Each check prints one line and plots your answer against the truth. ★ takes 5 minutes, ★★ 15, ★★★ 30.
#
# ### Exercise 7.1 ★★: the implicit derivative by quadrature
#
# Return $dw/d\kappa$ for samples `w` of shape `(n,)`, in float64; `A` is the mean of $w$. At $m = 2$ the density of $w$
# is infinite at both ends, so go by the angle $\theta = \arccos w$, whose density is proportional to
# $f(p) = e^{\kappa \cos p} \sin^{m-2} p$:
# $\;\frac{d\theta}{d\kappa} = -\frac{1}{f(\theta)} \int_0^\theta (\cos p - A)\, f(p)\, dp$.


# %%
def derivative(w, kappa, m, A):
    return None


check.ex7_1(derivative)

# %% [markdown]
# <details><summary>Hint</summary>
#
# For each sample take 1,000 points in the middle of even steps from 0 to its $\theta$: `theta[:, None] * r`. Then use
# $w = \cos\theta$ to come back.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def derivative(w, kappa, m, A):
#     theta = torch.arccos(w)
#     p = theta[:, None] * (torch.arange(2000) + 0.5) / 2000
#     f = lambda angle: torch.exp(kappa * angle.cos()) * angle.sin() ** (m - 2)
#     integral = theta * ((p.cos() - A) * f(p)).mean(-1)
#     return theta.sin() * integral / f(theta)
# ```
#
# svae_lib does the same in $\tan(\theta/2)$, from the nearer end, with 24 nodes.
#
# </details>

# %% [markdown]
# ### Exercise 7.2 ★★: a control variate
#
# The score has mean 0, so subtracting a constant $b$ from $f$ changes the mean of $(f - b)(w - A)$ by nothing, and its
# variance by much. You get samples of `f` and of the `score`, each `(n,)`. Return the $b$ that leaves the least
# variance, a number. It is not the mean of $f$.


# %%
def constant(f, score):
    return None


check.ex7_2(constant)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The variance is $E[(f - b)^2 s^2]$ minus the square of a mean that does not depend on $b$. Set its derivative in $b$
# to 0.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def constant(f, score):
#     return (f * score**2).mean() / (score**2).mean()
# ```
#
# A mean of $f$ in which samples with a large score weigh more. With it, the score function at $\kappa = 2$ on the
# circle is as good for $c = 100$ as for any other $c$; at large $\kappa$ it is still the noisiest of the four.
#
# </details>

# %% [markdown]
# ### Exercise 7.3 ★: the worst place
#
# In the panel, set $m = 2$ and choose *without correction*. Find the $\kappa$ at which the least arrives, and return
# the percentage that the status line says there. Why is it nearly all at both ends of the slider?


# %%
def percent():
    return None


check.ex7_3(percent)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Focus the slider of $\kappa$ and use the arrow keys. It is below 2.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def percent():
#     return 50.6
# ```
#
# At $\kappa \approx 0$ every proposal is accepted, and there is no coin. At a large $\kappa$ the set of accepted $y$
# hardly depends on $\kappa$ any more: a larger $\kappa$ only pulls the same picture together.
#
# </details>

# %% [markdown]
# ### Exercise 7.4 ★★★: the published bug, found
#
# The samples of `accepted` are right, and their gradient is not. Write `repaired`, which returns `n` samples of $w$
# whose gradient is right for *every* $f$: the check tries $f = w$ and $f = w^2$. `kappa` is a number in a tensor that
# requires a gradient. Do not call `rsample`; you may take samples from `VonMisesFisher(...).sample()`.


# %%
def repaired(kappa, m, n):
    return None


check.ex7_4(repaired)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A sample $w$ with a velocity $v$ of your own is `w + v * (kappa - kappa.detach())`: its value is $w$, its derivative
# is $v$. Which $v$ did you compute in 7.1?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def repaired(kappa, m, n):
#     from svae_lib import VonMisesFisher
#
#     k = kappa.detach()
#     vmf = VonMisesFisher(torch.eye(m, dtype=k.dtype)[0], k)
#     w, A = vmf.sample((n,))[:, 0], vmf.mean[0]
#     theta = torch.arccos(w)
#     p = theta[:, None] * (torch.arange(200) + 0.5) / 200
#     f = lambda angle: torch.exp(k * angle.cos()) * angle.sin() ** (m - 2)
#     integral = theta * ((p.cos() - A) * f(p)).mean(-1)
#     return w + theta.sin() * integral / f(theta) * (kappa - k)
# ```
#
# The line `w + (w - w.mean()).detach() * log_accept` repairs $E[w]$ alone: its second term has to hold the very $f$
# whose mean is wanted. That is the other reason why packages left it out: a sampler does not know the loss.
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
# - Differentiating accepted proposals loses up to half of the gradient in $\kappa$ on the circle, 7 % at $m = 11$, 1 %
#   at $m = 101$. The lost term is one line, but it needs the loss, and brings its noise.
# - The implicit gradient keeps each sample's rank. It has no bias, and does not notice a constant in the loss.
# - In a VAE with ten circles, 5 to 7 circles were awake with the term and 3 to 5 without it, and every score without it
#   was below every score with it.
#
# ## Recap
#
# <details><summary>Why does a large constant in f hurt the score function and not the implicit gradient?</summary>
#
# One multiplies $f$ by a score, the other multiplies $f'$ by a velocity.
#
# </details>
#
# <details><summary>A gradient is biased by 7 %, always in the same direction. Is that worse than noise?</summary>
#
# It depends on what else is there: noise averages out over steps, a bias moves the place where training stops, here by
# 7 % of $\kappa$, which costs 0.01 nats. Half of the gradient is another matter.
#
# </details>
#
# <details><summary>From chapter 1: why is no coin needed on S²?</summary>
#
# There the distribution function of $w$ can be inverted on paper. Differentiating the inverse at fixed $v$ is the
# implicit gradient.
#
# </details>
#
# ## Sharp bits
#
# - **A seed does not show a bias.** Both gradients train, and both give plausible scores; only a comparison with the
#   exact derivative, or over seeds, shows the difference. Test a sampler's gradient as you test its mean.
# - **The correction knows the loss.** It is the score function of the accepted noise; with a large $f$ and no baseline
#   it is as noisy.
# - **Second derivatives.** `w + v * (kappa - kappa.detach())` has the right first derivative only.
# - **Ten circles are a hard case.** Other heads, longer warm-ups or an annealed KL wake more circles, with either
#   gradient; these runs say what happens with the settings given.
#
# ## References
#
# - Naesseth, Ruiz, Linderman, Blei. [Reparameterization gradients through acceptance-rejection sampling
#   algorithms](https://arxiv.org/abs/1610.05683), AISTATS 2017.
# - Figurnov, Mohamed, Mnih. [Implicit reparameterization gradients](https://arxiv.org/abs/1805.08498), NeurIPS 2018.
# - Davidson, Falorsi, De Cao, Kipf, Tomczak.
#   [Hyperspherical Variational Auto-Encoders](https://arxiv.org/abs/1804.00891), UAI 2018; the correction stands in its
#   appendix.
# - Davidson, Tomczak, Gavves.
#   [Increasing Expressivity of a Hyperspherical VAE](https://arxiv.org/abs/1910.02912), 2019.
#   Products of small spheres.

# %% [markdown]
# Previous: [6 · How many seeds](06_how_many_seeds.ipynb) ·
# Next: [8 · Other distributions on the sphere](08_other_distributions.ipynb)
