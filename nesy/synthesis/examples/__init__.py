"""Specs from examples: the smallest formulas that tell positive traces from negative ones."""

from nesy.synthesis.examples.graphs import expected_errors as expected_errors
from nesy.synthesis.examples.graphs import synthesize_from_graphs as synthesize_from_graphs
from nesy.synthesis.examples.problem import Problem as Problem
from nesy.synthesis.examples.problem import from_traces as from_traces
from nesy.synthesis.examples.search import Candidate as Candidate
from nesy.synthesis.examples.search import Result as Result
from nesy.synthesis.examples.search import Search as Search
from nesy.synthesis.examples.search import search as search
from nesy.synthesis.examples.search import synthesize as synthesize
