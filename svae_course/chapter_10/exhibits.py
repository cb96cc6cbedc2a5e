"""The exhibits of chapter 10's gallery: which run each is, what its maker says of it, and what is wrong with it."""

from typing import NamedTuple


class Exhibit(NamedTuple):
    """One run of the gallery.

    Attributes:
        run: how the name of its folder starts, SWEEP/NAME.
        failure: its name; the number of the list of exercise 10.1 is its place in FAILURES.
        tell: the picture that shows it: "images", "curves", "KL", "concentration", "nearest" or "claim".
        claim: what its maker says of it.
        why: how the picture shows it, and the cure.
    """

    run: str
    failure: str
    tell: str
    claim: str
    why: str


FAILURES = (
    "nothing is wrong",
    "collapse",
    "κ at its floor",
    "bad scale",
    "leak between splits",
    "too few seeds",
    "too few images",
    "stopped too early",
)
EXHIBITS = (
    Exhibit(
        "failures/photographs-s5-sigma=None-epochs=8",
        "stopped too early",
        "curves",
        "Eight epochs are enough: the loss hardly moves any more.",
        "both curves still rise where they end, and the same model gains tens of nats by epoch 50. Train until the "
        "validation score has stopped, and compare spaces only then.",
    ),
    Exhibit(
        "failures/photographs-s5-sigma=9.8",
        "collapse",
        "KL",
        "The code is very compact: almost no nats of KL.",
        "the mutual information is 0: the code knows nothing of the image, and every reconstruction is the mean image. "
        "The squared error was averaged over 192 numbers instead of summed, which is a noise of 9.8 where pixels lie "
        "in [0, 1]. Learn sigma, or sum.",
    ),
    Exhibit(
        "patches/photographs-s5-0",
        "nothing is wrong",
        "none",
        "S⁵ on patches, 50 epochs, sigma learned.",
        "both curves rise together, the code is informative, κ is far from its floor, no training image is a copy of "
        "a test image. One run says nothing yet about other spaces, and a longer one would score higher.",
    ),
    Exhibit(
        "failures/augmented-s5",
        "leak between splits",
        "nearest",
        "More data by augmentation: each patch is in the file four times, shifted by a pixel.",
        "in the second row of images, most test images have a copy in the training set, shifted by a pixel or two, and "
        "the distances are smaller than in a clean split. On patches that it has seen in no version, the run scores "
        "lower. Split first, augment later.",
    ),
    Exhibit(
        "failures/dark-s5",
        "bad scale",
        "images",
        "The best score of all, by hundreds of nats.",
        "the images are nearly black: their numbers were divided by 8 too often. A density grows by log 8 per number "
        "when the unit shrinks, 399 nats for 192 numbers, without any better model. Look at images before scores.",
    ),
    Exhibit(
        "patches/photographs-s5-1",
        "too few seeds",
        "claim",
        "A new initialization makes S⁵ better, at once.",
        "there is one dot a side, and the new initialization is another seed, nothing else. The seeds of S⁵ lie as far "
        "apart as the two. Nothing is wrong with the run, only with the claim.",
    ),
    Exhibit(
        "failures/photographs-20xs2",
        "κ at its floor",
        "concentration",
        "Twenty spheres, so that there is enough room.",
        "most factors have their whole box at the floor of κ: they say next to nothing, and cost 0.15 to 0.2 nats "
        "each, for every image. Six factors or so do all the work.",
    ),
    Exhibit(
        "failures/few-s5",
        "too few images",
        "curves",
        "Trained for 400 epochs, until the training score is excellent.",
        "training rises on, validation turns and falls: the model overfits its 128 training images. Get more images, "
        "or stop at the best validation score, as the library does.",
    ),
)
