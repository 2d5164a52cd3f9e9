"""nesy: learn what happens in videos from their captions, through a temporal logic.

The language is in :mod:`nesy.dsl`, what it means in :mod:`nesy.reasoners`, pixels become scene graphs in
:mod:`nesy.perception`, captions become specs in :mod:`nesy.synthesis`, and :mod:`nesy.training` ties them together.
"""

__version__ = "0.1.0"
