"""Readers of the field's formats, and the built-in generated dataset."""

from nesy.datasets import actiongenome as actiongenome  # the imports register the formats
from nesy.datasets import babyai as babyai
from nesy.datasets import coinrun as coinrun
from nesy.datasets import folder as folder
from nesy.datasets import llava as llava
from nesy.datasets import openpvsg as openpvsg
from nesy.datasets import something as something
from nesy.datasets import vidvrd as vidvrd
from nesy.datasets.base import Caption, Clip, DataReport, Dataset, GroundTruth, Tracks, Vocabulary
from nesy.datasets.opening import describe, open_dataset

__all__ = [
    "Caption",
    "Clip",
    "DataReport",
    "Dataset",
    "GroundTruth",
    "Tracks",
    "Vocabulary",
    "describe",
    "open_dataset",
]
