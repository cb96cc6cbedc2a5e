"""Brendan Frey's face in 1,965 frames of video, 28 rows of 20 gray pixels."""

from svae_lib.datasets.base import DatasetSpec, Download, Split, shuffled, split_by_counts
from svae_lib.datasets.files import read_mat, take, to_uint8


def _read(paths, counts):
    (path,) = paths
    pixels = take(path, read_mat(path), "ff", (28 * 20, sum(counts)))
    # the frames follow each other in time: shuffled, as in the papers, or the test set would be one mood
    return split_by_counts(shuffled(Split(to_uint8(path, pixels).T.reshape(-1, 28, 20))), counts)


FREY_FACES = DatasetSpec(
    name="frey_faces",
    citation="Roweis, Saul & Hinton, Global coordination of local linear models, NIPS 2001",
    license="none stated; made available by Brendan Frey, hosted by Sam Roweis",
    counts=(1_565, 200, 200),
    image_shape=(28, 20),
    megabytes=1.1,
    files=("FreyFaces/frey_rawface.mat",),
    read=_read,
    downloads=lambda: [Download("FreyFaces/frey_rawface.mat", ("https://cs.nyu.edu/~roweis/data/frey_rawface.mat",))],
)
