"""Checks of the exercises of chapter 03, training on MNIST."""

import torch

from svae_course.checking import against_truth, exercise, judge
from svae_course.vmf import kl_to_uniform


@exercise
def ex3_1(attempt):
    """Check of the ELBO of each image from its parts.

    Args:
        attempt: elbo(log_p_pixels: (B, H, W), kl: (B,)) -> (B,).
    """
    generator = torch.Generator().manual_seed(3)
    pixels = -(torch.rand(8, 28, 28, generator=generator) ** 4)
    kl = 10 * torch.rand(8, generator=generator)
    truth, mean = pixels.sum((1, 2)) - kl, pixels.mean((1, 2)) - kl
    value = attempt(pixels, kl, shape=(8,))
    mistakes = {
        "the KL is a cost: subtract it": pixels.sum((1, 2)) + kl,
        "this is the loss; the ELBO has the other sign": -truth,
        "log p(x|z) is the sum over pixels; a mean makes the KL 784 times as heavy": mean,
        "log p(x|z) is the sum over pixels (not the mean), and the KL is subtracted": pixels.mean((1, 2)) + kl,
        "the KL is missing": pixels.sum((1, 2)),
    }
    picture = against_truth(torch.arange(8), value, truth, "The ELBO of eight images", "image", "ELBO (nats)")
    return judge(value, truth, mistakes), picture


@exercise
def ex3_2(attempt):
    """Check of which of K codes is best where the pixels are averaged.

    Args:
        attempt: winner(log_p_pixels: (K, H, W), kl: (K,)) -> ().
    """
    kappas = torch.tensor([0.01, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
    mean_cosine = 1 / torch.tanh(kappas) - 1 / kappas  # on S^2
    reconstruction = -150 - 60 * (1 - mean_cosine)  # of the whole image, nats: it grows with kappa, ever slower
    kl = torch.as_tensor(kl_to_uniform(3, kappas)).float()
    sides = torch.tensor([1, 2, 4, 7, 14, 28])
    rough = torch.rand(7, 28, 28, generator=torch.Generator().manual_seed(32))
    images = []
    for side in sides.tolist():
        fractions = rough[:, :side, :side] / rough[:, :side, :side].sum((1, 2), keepdim=True)
        images.append(reconstruction[:, None, None] * fractions)
    value = torch.stack([attempt(pixels, kl, shape=()) for pixels in images]).long()
    means = torch.stack([pixels.mean((1, 2)) for pixels in images])
    truth, most = (means - kl).argmax(1), torch.full_like(value, len(kappas) - 1)
    mistakes = {
        "this code wins where the pixels are summed; this program averages them": (reconstruction - kl)
        .argmax()
        .expand_as(value),
        "this code has the largest KL, or the best reconstruction at any KL: the KL is subtracted": most,
        "this is the worst code: the ELBO is to be large (argmax)": (means - kl).argmin(1),
    }
    if (value != value.clamp(0, len(kappas) - 1)).any():
        return f"not yet: the answer is the number of a code, from 0 to {len(kappas) - 1}", None
    title = "Which concentration wins where the pixels are averaged?"
    picture = against_truth(sides**2, kappas[value], kappas[truth], title, "pixels of the image", "κ of the best code")
    picture.axes[0].set(xscale="log", yscale="log")
    return judge(value, truth, mistakes), picture


@exercise
def ex3_3(attempt):
    """Check of the importance-weighted bound, the logarithm of the mean of the weights.

    Args:
        attempt: bound(log_w: (K,)) -> ().
    """
    spread = torch.tensor([0.0, 1.0, 3.0, 10.0])
    noise = torch.randn(500, generator=torch.Generator().manual_seed(33))
    weights = [-150 + s * noise for s in spread]
    value = torch.stack([attempt(w, shape=()) for w in weights])
    count = torch.tensor(500.0).log()
    truth = torch.stack([w.logsumexp(0) - count for w in weights])
    mistakes = {
        "the mean of the logarithms is the ELBO; here the logarithm comes after the mean": torch.stack(
            [w.mean() for w in weights]
        ),
        "this is the log of the sum: it grows with K. Subtract log K": truth + count,
    }
    if not value.isfinite().all():
        return "not yet: exp(-150) underflows in float32; take the largest out first (torch.logsumexp does)", None
    picture = against_truth(spread, value, truth, "The bound", "spread of log w (nats)", "bound (nats)")
    return judge(value, truth, mistakes), picture
