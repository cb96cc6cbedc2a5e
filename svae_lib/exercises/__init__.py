"""The checks of the notebooks' exercises: `from svae_lib import exercises as check`, then `check.ex3_1(your_function)`.

One module a chapter; `checking` holds what they share.
"""

from svae_lib.exercises.chapter_00 import ex0_1, ex0_2
from svae_lib.exercises.chapter_01 import ex1_1, ex1_2, ex1_3
from svae_lib.exercises.chapter_02 import ex2_1, ex2_2, ex2_3
from svae_lib.exercises.chapter_03 import ex3_1, ex3_2, ex3_3
from svae_lib.exercises.chapter_04 import ex4_1, ex4_2, ex4_3

__all__ = [
    "ex0_1",
    "ex0_2",
    "ex1_1",
    "ex1_2",
    "ex1_3",
    "ex2_1",
    "ex2_2",
    "ex2_3",
    "ex3_1",
    "ex3_2",
    "ex3_3",
    "ex4_1",
    "ex4_2",
    "ex4_3",
]
