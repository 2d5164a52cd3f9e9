"""The page's list of places that could run code or ask the network is the list that the source gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT, code, rows

PAGE = ROOT / "docs" / "threat-model.md"
CALLS = {  # a call by its last names -> what the page calls it
    "eval": "eval",
    "exec": "exec",
    "__import__": "__import__",
    "exec_module": "exec_module",
    "import_module": "import_module",
    "urlopen": "urlopen",
    "urlretrieve": "urlretrieve",
    "os.system": "os.system",
    "os.popen": "os.popen",
    "create_connection": "create_connection",
}
MODULES = {
    "subprocess",
    "socket",
    "ctypes",
    "marshal",
    "shelve",
    "requests",
    "httpx",
    "httpx2",
    "aiohttp",
    "yaml",
    "dill",
}


def dangerous(path: Path) -> Iterator[str]:
    """Names of the calls and modules of a file that the page must list."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:  # model.eval() is an attribute, eval() is not
                yield CALLS[name]
            case ast.Call(func=ast.Attribute(value=value, attr=name)):
                whole = f"{value.id}.{name}" if isinstance(value, ast.Name) else f".{name}"
                if whole in CALLS or (name in CALLS and name not in ("eval", "exec")):
                    yield CALLS.get(whole, name)
                if whole in ("torch.load", "np.load", "numpy.load", "joblib.load"):
                    options = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
                    numpy = whole in ("np.load", "numpy.load")  # refuses pickles unless told otherwise
                    safe = options.get("allow_pickle", False) is False if numpy else options.get("weights_only") is True
                    if not safe:
                        yield whole
            case ast.Import(names=names):
                yield from (n.name for n in names if n.name.split(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in MODULES:
                yield module
            case ast.Attribute(value=ast.Name(id="pickle"), attr="Unpickler" | "load" | "loads" as name):
                yield f"pickle.{name}"
            case ast.keyword(arg="trust_remote_code", value=value):
                if not (isinstance(value, ast.Constant) and value.value is False):
                    yield "trust_remote_code"


def test_the_list_is_complete_and_nothing_on_it_is_gone() -> None:
    found = {(str(path.relative_to(ROOT)), name) for path in (ROOT / "nesy").rglob("*.py") for name in dangerous(path)}
    stated = {(code(where)[0], code(call)[0]) for where, call, _ in rows(PAGE, "file", "call", "when")}
    assert found == stated


def test_the_search_finds_what_it_should(tmp_path: Path) -> None:
    for text, name in (
        ("eval('1')", "eval"),
        ("import os\nos.system('x')", "os.system"),
        ("import torch\ntorch.load('x')", "torch.load"),
        ("import numpy as np\nnp.load('x', allow_pickle=True)", "np.load"),
        ("from pickle import loads\nimport pickle\npickle.loads(b'')", "pickle.loads"),
        ("f(trust_remote_code=True)", "trust_remote_code"),
        ("import subprocess", "subprocess"),
    ):
        (tmp_path / "x.py").write_text(text)
        assert name in set(dangerous(tmp_path / "x.py")), text
    (tmp_path / "x.py").write_text("model.eval()\nimport torch\ntorch.load('x', weights_only=True)\nnp.load('x')\n")
    assert set(dangerous(tmp_path / "x.py")) == set()
