"""Bounds on the probability of a disjunction from the probabilities of its parts and of their pairs.

    Hunter (1976):   P(union) <= sum_i P_i - max over spanning trees of sum P_ij
    de Caen (1997):  P(union) >= sum_i P_i^2 / sum_j P_ij            (P_ii = P_i)

Both are at least as tight as what the P_i alone say: the sum above and the maximum below are part of the answer.
"""

from __future__ import annotations

import networkx as nx
import torch
from torch import Tensor


def hunter(single: Tensor, pairs: Tensor) -> float:
    """An upper bound of P(union); single [K], pairs [K, K] symmetric."""
    tree: nx.Graph[int] = nx.Graph()
    tree.add_nodes_from(range(len(single)))
    tree.add_weighted_edges_from((i, j, float(pairs[i, j])) for i in range(len(single)) for j in range(i))
    saved = sum(float(pairs[i, j]) for i, j in nx.maximum_spanning_edges(tree, data=False))
    return min(1.0, float(single.sum()) - saved)


def de_caen(single: Tensor, pairs: Tensor) -> float:
    """A lower bound of P(union); single [K], pairs [K, K] symmetric, its diagonal is ignored."""
    if not len(single):
        return 0.0
    joint = pairs.clone()
    joint.fill_diagonal_(0)
    total = joint.sum(1) + single
    ratio = torch.where(single > 0, single**2 / total.clamp_min(1e-300), torch.zeros_like(single))
    return max(float(single.max()), min(1.0, float(ratio.sum())))
