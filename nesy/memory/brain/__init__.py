"""The tensor-brain memory: indices with embeddings, one chain that perceives, remembers and generalises."""

from nesy.memory.brain.brain import TensorBrain
from nesy.memory.brain.indices import Candidates, Group
from nesy.memory.brain.statement import UNKNOWN, Decoded, Features, Statements
from nesy.memory.brain.training import losses, train

__all__ = ["UNKNOWN", "Candidates", "Decoded", "Features", "Group", "Statements", "TensorBrain", "losses", "train"]
