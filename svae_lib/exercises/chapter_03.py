"""The checks of chapter 03, training on MNIST."""

import torch

from svae_lib.exercises.checking import against_truth, exercise, judge
from svae_lib.ops.sphere import geodesic_distance, slerp


@exercise
def ex3_1(attempt):
    """elbo(log_p_pixels: (B, H, W), kl: (B,)) -> (B,): the ELBO of each image from its parts."""
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
    """walk(a: (3,), b: (3,), t) -> (3,): a share t of the way from a to b along their great circle."""
    a, b = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([-0.8, 0.0, 0.6])
    shares = torch.linspace(0, 1, 11)
    value = torch.stack([attempt(a, b, t, shape=(3,)) for t in shares])
    truth, line = slerp(a, b, shares), a + shares[:, None] * (b - a)
    mistakes = {
        "you left the sphere: this is the straight line through the ball": line,
        "on the sphere, but hurried in the middle: normalizing the straight line does not keep the speed even": line
        / line.norm(dim=-1, keepdim=True),
        "this walks from b to a: at t = 0 it should be a": truth.flip(0),
    }
    unit = value / value.norm(dim=-1, keepdim=True)
    picture = against_truth(
        shares,
        torch.rad2deg(geodesic_distance(a, unit)),
        torch.rad2deg(geodesic_distance(a, truth)),
        "How far along the great circle?",
        "share of the way, t",
        "angle from a (degrees)",
    )
    return judge(value, truth, mistakes), picture


@exercise
def ex3_3(attempt):
    """bound(log_w: (K,)) -> (): the importance-weighted bound, log of the mean of the weights."""
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
