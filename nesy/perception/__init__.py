"""Perception: pixels to scene graphs."""

from nesy.perception import clip as _clip  # registers the backend
from nesy.perception import tiny as _tiny
from nesy.perception import video as _video
from nesy.perception.base import Batch as Batch
from nesy.perception.base import PredicateModel as PredicateModel
from nesy.perception.base import View as View
from nesy.perception.base import backends as backends
from nesy.perception.base import batch_views as batch_views
from nesy.perception.base import view_of as view_of

del _clip, _tiny, _video
