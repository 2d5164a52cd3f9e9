"""``python -m nesy`` is ``nesy``."""

from nesy.cli import main

main()
