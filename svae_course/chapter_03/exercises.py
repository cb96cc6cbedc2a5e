"""Checks of the exercises of chapter 03, training on MNIST."""

import math

import torch

from svae_course.checking import against_truth, exercise, judge
from svae_course.checking import progress as progress
from svae_course.vmf import kl_to_uniform
from svae_lib.ops.sphere import slerp


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


@exercise
def ex3_4(attempt):
    """Check of what was read off the panel of two paths: an angle, the least distance from the center, the law.

    Args:
        attempt: depth() -> (3,).
    """
    degrees, distance, law = attempt(shape=(3,)).double().tolist()
    half = math.cos(math.radians(degrees) / 2)
    if not 90 < degrees <= 180:
        return (
            "not yet: the first number is an angle between 90 and 180 degrees, the whole one, not the part walked",
            None,
        )
    if abs(distance - half) > 0.015:
        if distance > half:
            return "not yet: the line comes nearer than that: move the fraction, in steps of one key", None
        return (
            "not yet: no straight line comes that near at this angle; the distance is in radii, and 1 at the ends",
            None,
        )
    laws = {
        1: "at 90 degrees this would be 0; the panel says 0.71",
        3: "at 90 degrees this would be 0.5; the panel says 0.71",
        4: "this grows with the angle; it is half the length of the line, in radii",
    }
    if law != 2:
        return f"not yet: {laws.get(int(law), 'the third number is that of a law, from 1 to 4')}", None
    angles = torch.tensor([30.0, 60.0, 90.0, 120.0, 150.0, degrees])
    truth = torch.cos(torch.deg2rad(angles) / 2)
    answer = torch.full_like(truth, math.nan)
    answer[-1] = distance
    title = "How near the straight line comes to the center"
    return "correct", against_truth(
        angles, answer, truth, title, "angle between the ends (degrees)", "distance (radii)"
    )


@exercise
def ex3_5(attempt):
    """Check of a point on the great circle between two vectors, in float32, from equal to nearly opposite ones.

    Args:
        attempt: slerp(a: (3,), b: (3,), t: float) -> (3,).
    """
    degrees, t = [0.0, 1e-3, 1.0, 30.0, 90.0, 150.0, 175.0, 179.61, 179.65, 179.7], 0.3
    angles = torch.deg2rad(torch.tensor(degrees, dtype=torch.float64))
    a = torch.tensor([0.48, 0.6, 0.64], dtype=torch.float64)
    side = torch.tensor([0.8, 0.0, -0.6], dtype=torch.float64)
    ends = (torch.cos(angles)[:, None] * a + torch.sin(angles)[:, None] * side).float()
    value = torch.stack([attempt(a.float(), b, t, shape=(3,)).double() for b in ends])
    truth = torch.stack([slerp(a.float().double(), b.double(), t) for b in ends])
    reverse = torch.stack([slerp(b.double(), a.float().double(), t) for b in ends])
    line = a + t * (ends.double() - a)
    error = (value - truth).abs().amax(1).nan_to_num(nan=math.inf)
    verdict = "correct"
    if not bool((error < 5e-4).all()):
        middle = 4
        known = {
            "the straight line leaves the sphere: see its length": line,
            "a straight line that is normalized runs along the great circle, but not at constant speed":
                line / line.norm(dim=1, keepdim=True),
            "this walks from b to a: at t = 0 it should be at a": reverse,
        }  # fmt: skip
        if error[middle] >= 5e-4:
            verdict = judge(value[middle], truth[middle], {hint: wrong[middle] for hint, wrong in known.items()})
        elif error[0] >= 5e-4:
            verdict = "not yet: where a and b are equal the formula is 0/0, and a small number added to it is no cure"
        elif error[7:].max() >= 5e-4:
            verdict = "not yet: near 180 degrees the arccosine has lost digits; get the angle from |a - b| and |a + b|"
        else:
            verdict = f"not yet: right in the middle, wrong at {degrees[error.argmax()]:g} degrees"
    walked = torch.rad2deg(2 * torch.atan2((value - a).norm(dim=1), (value + a).norm(dim=1)))
    x = torch.tensor(degrees)
    return verdict, against_truth(x, walked, t * x, "0.3 of the way", "angle (degrees)", "walked (degrees)")
