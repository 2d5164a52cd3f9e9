"""The sections about where the figures come from: data that was read or left out, specification, settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nesy.viz.html import Html, embed_json, join, tag
from nesy.viz.syntax import colour


def data_section(report: Mapping[str, Any]) -> Html:
    """How many clips and captions were read and how many left out, for which reason, with one example of each.

    A clip has several captions, and one that is not understood costs no clip: the two are never added up.
    """
    skipped: dict[str, int] = {str(k): int(v) for k, v in dict(report.get("skipped", {})).items()}
    examples = {str(k): str(v) for k, v in dict(report.get("examples", {})).items()}
    captions = report.get("captions")  # runs of earlier versions did not count them
    read = {"clips": int(report.get("read", 0)), "captions": None if captions is None else int(captions)}
    left = {u: sum(n for reason, n in skipped.items() if _unit(reason) == u) for u in read}
    out = [_sentence(u, read[u], left[u]) for u in read if read[u] is not None or left[u]]
    if skipped:
        body = [
            tag(
                "tr",
                tag("th", reason, scope="row"),
                tag("td", _counted(count, _unit(reason)), class_="num"),
                tag("td", _share(count, read[_unit(reason)], left[_unit(reason)]), class_="num quiet"),
                tag("td", tag("code", examples[reason]) if reason in examples else "–"),
            )
            for reason, count in sorted(skipped.items(), key=lambda x: -x[1])
        ]
        names = (("left out because", None), ("how many", "num"), ("share of all", "num"), ("first message", None))
        head = tag("tr", [tag("th", h, scope="col", class_=c) for h, c in names])
        table = tag("table", tag("thead", head), tag("tbody", body), class_="data")
        out.append(tag("div", table, class_="wide"))
    return join(*out)


def _unit(reason: str) -> str:
    """What one sample is that was left out for this reason: a row of the captions' file is a caption."""
    return "captions" if "caption" in reason or reason == "broken row" else "clips"


def _sentence(unit: str, read: int | None, left: int) -> Html:
    if read is None:
        return tag("p", f"{_counted(left, unit)} left out; no clip was lost by it.")
    words = f"{left} of {read + left} left out" if left else "none left out"
    return tag("p", tag("strong", f"{read}"), f" {_counted(read, unit).split(' ')[1]} read; {words}.")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit if count != 1 else unit.removesuffix('s')}"


def _share(count: int, read: int | None, left: int) -> str:
    return "–" if read is None else f"{100 * count / max(read + left, 1):.1f} %"


def setup_section(spec_source: str, settings: Mapping[str, Any]) -> Html:
    """The specification file in colour, and the settings as a table of dotted names."""
    out: list[Html] = []
    if spec_source:
        out.append(tag("div", tag("h3", "Specification"), tag("pre", tag("code", colour(spec_source)), class_="code")))
    flat = _flat(settings)
    if flat:
        body = [
            tag("tr", tag("th", key, scope="row", class_="mono"), tag("td", value, class_="mono"))
            for key, value in flat
        ]
        out.append(tag("div", tag("h3", "Settings"), tag("table", tag("tbody", body), class_="settings")))
    return join(tag("div", out, class_="two"), embed_json(settings, "settings"))


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            rows += _flat(value, f"{prefix}{key}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            rows.append((f"{prefix}{key}", text))
    return rows
