"""The sections about where the figures come from: data that was read or left out, specification, settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nesy.viz.html import Html, embed_json, join, tag
from nesy.viz.syntax import colour


def data_section(report: Mapping[str, Any]) -> Html:
    """How many samples were read, how many were left out for which reason, with one example of each."""
    read = int(report.get("read", 0))
    skipped: dict[str, int] = {str(k): int(v) for k, v in dict(report.get("skipped", {})).items()}
    examples = {str(k): str(v) for k, v in dict(report.get("examples", {})).items()}
    total = read + sum(skipped.values())
    words = "everything was usable" if not skipped else f"{sum(skipped.values())} of {total} left out"
    out = [tag("p", tag("strong", f"{read}"), f" samples read; {words}.")]
    if skipped:
        body = [
            tag(
                "tr",
                tag("th", reason, scope="row"),
                tag("td", count, class_="num"),
                tag("td", f"{100 * count / max(total, 1):.1f} %", class_="num quiet"),
                tag("td", tag("code", examples[reason]) if reason in examples else "–"),
            )
            for reason, count in sorted(skipped.items(), key=lambda x: -x[1])
        ]
        head = tag(
            "tr",
            [
                tag("th", h, scope="col", class_=c)
                for h, c in (("left out because", None), ("samples", "num"), ("share", "num"), ("first message", None))
            ],
        )
        table = tag("table", tag("thead", head), tag("tbody", body), class_="data")
        out.append(tag("div", table, class_="wide"))
    return join(*out)


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
