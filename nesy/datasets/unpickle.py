"""Plain data out of others' pickle files, for the conversion command alone; no reader ever opens a pickle.

A pickle is a program. This unpickler refuses every name but the few that plain data and numpy arrays need, so that a
file can hold nothing that runs; still, only ``nesy data convert`` calls it, and only when a user says so.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from nesy.errors import DataError

ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy", "bool_"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("collections", "OrderedDict"),
    ("__builtin__", "bytes"),
    ("builtins", "bytes"),
    ("_codecs", "encode"),  # how Python 2 and protocol 2 write bytes
}


class PlainUnpickler(pickle.Unpickler):
    """An unpickler that knows only plain data and numpy arrays."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no plain data")
        module = {"__builtin__": "builtins"}.get(module, module).replace("numpy.core", "numpy._core")
        return super().find_class(module, name)


def read_plain_pickle(path: Path) -> Any:
    """The plain data in a pickle file.

    Raises:
        DataError: missing, damaged, or naming anything but plain data and numpy arrays.
    """
    try:
        with path.open("rb") as file:
            return PlainUnpickler(file).load()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except Exception as e:  # a damaged pickle can raise almost anything
        raise DataError(
            f"{path} is not converted: {type(e).__name__}: {e}",
            hint="files with more than plain data and arrays are refused; export them as JSON where they were made",
        ) from e
