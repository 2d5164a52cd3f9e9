"""Where specs come from: captions to formulas."""

from nesy.synthesis import laser as laser  # registers the extractor
from nesy.synthesis import replay as replay  # registers the extractor
from nesy.synthesis import rules as rules  # registers the extractor
from nesy.synthesis.base import Domain as Domain
from nesy.synthesis.base import Extraction as Extraction
from nesy.synthesis.base import SpecExtractor as SpecExtractor
from nesy.synthesis.base import extractors as extractors
from nesy.synthesis.llm import local as _transformers  # noqa: F401  registers the extractor
from nesy.synthesis.llm import server as _openai  # noqa: F401  registers the extractor
