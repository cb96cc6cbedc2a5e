"""Sliders that panels of several chapters share."""

import ipywidgets as widgets


def kappa_and_m(kappa: float, m: int, minimum_kappa: float, maximum: int) -> dict[str, widgets.Widget]:
    """Sliders of a distribution on the sphere in R^m: its concentration, and its ambient dimension.

    Args:
        kappa: where the first slider starts.
        m: where the second slider starts.
        minimum_kappa: the least concentration.
        maximum: of both sliders.

    Returns:
        The sliders "kappa" and "m".
    """
    style = {"description_width": "11em"}
    return {
        "kappa": widgets.FloatSlider(
            kappa, min=minimum_kappa, max=maximum, step=0.5, description="concentration κ", style=style
        ),
        "m": widgets.IntSlider(m, min=2, max=maximum, description="ambient dimension m", style=style),
    }
