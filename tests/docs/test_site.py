"""The documentation site builds without a warning, has every page, and its pages fetch nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

LINK = re.compile(r"\]\(([^)#\s]+)")


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8"))
    assert sorted(listed) == sorted(p.name for p in (ROOT / "docs").glob("*.md"))


def test_every_link_of_the_pages_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in LINK.findall(re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)):
            assert target.startswith(("http", "mailto:")) or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_name_of_the_api_page_is_there_and_documented() -> None:
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "site.py")
    assert spec is not None and spec.loader is not None
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    names = hooks.OBJECT.findall((ROOT / "docs" / "api.md").read_text("utf-8"))
    assert len(names) > 40
    for name in names:
        assert (inspect.getdoc(hooks.found(name)) or "").strip(), f"{name} has no docstring"
        assert "```python\n" + name in hooks.described(name)
    assert "(text: str, file: str = '<formula>')" in hooks.described("nesy.dsl.parser.parse_formula")
    assert "graph: SceneGraph, *, method: Method = 'auto'" in hooks.described("nesy.reasoners.temporal.query.query")
    rooms = {p.name for p in (ROOT / "nesy").iterdir() if (p / "__init__.py").exists()} - {"cli", "evaluation"}
    assert rooms <= {n.split(".")[1] for n in names}
    with pytest.raises(AttributeError):
        hooks.found("nesy.errors.NoSuchError")


@pytest.mark.slow
def test_the_site_builds_and_is_self_contained(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="`pip install 'nesy[docs]'` to run this test")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = sorted(tmp_path.glob("*.html"))
    assert len(pages) == len(list((ROOT / "docs").glob("*.md"))) + 1  # and the page of what is not found
    for page in pages:
        text = page.read_text("utf-8")
        fetched = re.findall(r"<(?:script|img|link|iframe)\b[^>]*(?:src|href)=\"?(https?://[^\"> ]+)", text)
        assert fetched == [], page.name
        assert "](../" not in text
    assert "GroundingError: unknown predicates" in (tmp_path / "api.html").read_text("utf-8")  # from a docstring
    assert (tmp_path / "search" / "search_index.json").stat().st_size > 10_000
