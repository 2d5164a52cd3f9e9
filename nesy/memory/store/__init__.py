"""Triples with time, video, confidence and source in an embedded database or on a server."""

from nesy.memory.store.allen import RELATIONS as RELATIONS
from nesy.memory.store.allen import relation as relation
from nesy.memory.store.engine import StoreError as StoreError
from nesy.memory.store.forget import Policy as Policy
from nesy.memory.store.store import TripleStore as TripleStore
from nesy.memory.store.store import Video as Video
from nesy.memory.store.triple import IS_A as IS_A
from nesy.memory.store.triple import Match as Match
from nesy.memory.store.triple import Pattern as Pattern
from nesy.memory.store.triple import Triple as Triple
