"""All commands, registered by importing their modules."""

from nesy.cli import check as check
from nesy.cli import data as data
from nesy.cli import datasets as datasets
from nesy.cli import doctor as doctor
from nesy.cli import extract as extract
from nesy.cli import language as language
from nesy.cli import learn as learn
from nesy.cli import memory as memory
from nesy.cli import predict as predict
from nesy.cli import query as query
from nesy.cli import report as report
from nesy.cli import scl as scl
from nesy.cli import synthesize as synthesize
from nesy.cli import track as track
from nesy.cli import view as view
