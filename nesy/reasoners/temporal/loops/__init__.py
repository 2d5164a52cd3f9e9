"""The batched kernel on a CPU core: loops that numba compiles, over probabilities instead of their logarithms.

A core multiplies much faster than it takes logarithms. A number is kept as a pair (p, 1 - p), both to full precision:
"and" and "or" of such pairs need sums and products of positive numbers only, so nothing cancels. What is lost is range:
below ``TINY`` a probability is worked out again with logarithms (:mod:`nesy.reasoners.temporal.fused`), and no value
that is kept has lost more than 1e-100 of itself, because every number on the way is an absolute probability.
"""
