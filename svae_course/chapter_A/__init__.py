"""Appendix A: four ways to compute a modified Bessel function, and where each of them works."""
