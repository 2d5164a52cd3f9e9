"""Spatio-temporal scene graphs: their vocabulary, their tensors and their file."""

from nesy.scenegraph.file import GraphFile as GraphFile
from nesy.scenegraph.file import read_graph as read_graph
from nesy.scenegraph.file import write_graph as write_graph
from nesy.scenegraph.tensors import SceneGraph as SceneGraph
from nesy.scenegraph.tensors import collate as collate
from nesy.scenegraph.vocabulary import Vocabulary as Vocabulary
