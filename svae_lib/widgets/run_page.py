"""The page of a run: one file of HTML with its scores, its curves, its pictures and, of some spaces, a live map."""

import base64
import html
import json
from pathlib import Path

from svae_lib.datasets import held_out_images
from svae_lib.errors import printable
from svae_lib.files import atomic_write
from svae_lib.plotting.decoding import factors_of, is_sphere
from svae_lib.reading import exists, read_bytes
from svae_lib.widgets.bundle import script
from svae_lib.widgets.dials import DialsPanel
from svae_lib.widgets.latent_globe import MAX_POINTS, LatentGlobe
from svae_lib.widgets.panel import Panel

PAGE = "run.html"
PICTURES = {  # what a run's folder holds, and what each shows
    "history": "ELBO, reconstruction and KL over the epochs, on training and validation images",
    "latent": "Where test images lie in the latent space",
    "reconstructions": "Test images, and below each one its reconstruction",
    "samples": "Images decoded from random points of the prior",
    "diagnose": "Health of the latent space: where the KL goes, active factors, concentrations, uniformity",
}
SCORES = {
    "log_likelihood": "log-likelihood",
    "elbo": "ELBO",
    "reconstruction": "reconstruction",
    "kl": "KL",
}


def live_map(model, images, labels=None) -> Panel | None:
    """Panel that shows the whole latent space of a model.

    Args:
        model: a VAE.
        images: (N, H, W) in [0, 1], or (N, 3, H, W).
        labels: (N,), or None.

    Returns:
        A globe for s2, dials for a circle and for products of circles; None for any other space.

    Example:
        >>> import torch
        >>> from svae_lib import build_vae
        >>> type(live_map(build_vae((8, 8), "2xs1"), torch.rand(5, 8, 8))).__name__
        'DialsPanel'
    """
    if is_sphere(model.latent_space, 2):
        return LatentGlobe(model, images[:MAX_POINTS], None if labels is None else labels[:MAX_POINTS])
    if not all(is_sphere(factor, 1) for factor, _ in factors_of(model.latent_space)):
        return None
    starts = {} if labels is None else {f"a {int(label)}": images[labels == label][0] for label in labels.unique()}
    return DialsPanel(model, starts)


def write_run_page(folder: Path, run, diagnosis=None) -> None:
    """Write run.html into a run's folder; it needs nothing else, and no network.

    Args:
        folder: the run's, with its pictures.
        run: as `svae_lib.experiment.load_run` gives it.
        diagnosis: printed under the pictures, or None.

    Raises:
        InputError: a picture cannot be read, or the page not be written.
    """
    test = run.data.test[:MAX_POINTS]
    panel = live_map(run.model, held_out_images(test, run.model.likelihood), test.labels)
    parts = [_scores(run.metrics)]
    if panel is not None:
        parts += ["<h2>The latent space, to turn</h2>", panel.frame()]
    for name, alt in PICTURES.items():
        if exists(path := folder / f"{name}.png"):
            parts += [f"<h2>{alt.partition(':')[0]}</h2>", _picture(read_bytes(path), alt)]
    if diagnosis is not None:
        parts.append(f'<pre tabindex="0">{_text(diagnosis)}</pre>')
    parts.append(_flags(json.loads(run.experiment.to_json())))
    panels = {} if panel is None else {str(panel.name): panel.module}
    body = "\n".join(parts)
    page = _PAGE.format(title=_text(folder.resolve().name), style=_STYLE, body=body, script=script(panels))
    atomic_write(folder / PAGE, page.encode())


def _text(value: object) -> str:
    return html.escape(printable(str(value)))


def _picture(png: bytes, alt: str) -> str:
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" alt="{_text(alt)}">'


def _scores(metrics: dict) -> str:
    """What was trained, and its test scores."""
    words = "{dataset}, latent space {latent_space}, seed {seed}: epoch {best_epoch} is the best of {epochs}."
    rows = "".join(f'<tr><th scope="row">{name}<td>{metrics[f"test_{key}"]:.2f}</tr>' for key, name in SCORES.items())
    caption = f"Nats per test image; {metrics['num_importance_samples']} samples for the log-likelihood"
    return f"<p>{_text(words.format(**metrics))}</p><table>{rows}</table><p>{_text(caption)}.</p>"


def _flags(fields: dict) -> str:
    """Everything the run was started with, folded."""
    rows = "".join(f'<tr><th scope="row">{_text(name)}<td>{_text(value)}</tr>' for name, value in fields.items())
    return f"<details><summary>All settings of the run</summary><table>{rows}</table></details>"


_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 1100px; margin: 0 auto; padding: 12px; overflow-wrap: anywhere; }
h2 { font-size: 1.15em; margin: 1.6em 0 0.5em; }
table { border-collapse: collapse; }
th { text-align: left; font-weight: normal; padding: 1px 1.5em 1px 0; }
td { font-variant-numeric: tabular-nums; }
img { display: block; max-width: 100%; background: #fff; border-radius: 4px; }
pre { overflow: auto; font-size: 0.85em; } details { margin: 1.6em 0; }
"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
<main>
<h1>{title}</h1>
{body}
</main>
<script>
{script}
</script>
</html>
"""
