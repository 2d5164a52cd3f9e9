"""``nesy extract``: captions to specs."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from nesy.cli.app import app, err, out
from nesy.cli.own_code import OwnCode, load_own
from nesy.cli.progress import bars
from nesy.errors import DataError, NesyError
from nesy.files import write_whole


@app.command("extract")
def extract(
    captions: Annotated[
        Path | None,
        typer.Argument(help='One {"id": ..., "caption": ...} a line (.txt: a caption a line), or a folder of .jsonl.'),
    ] = None,
    spec: Annotated[Path | None, typer.Option("--spec", help="The .dsl file whose names the specs use.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write specs (.dsl), results (.jsonl or a folder), or LASER's .laser.json."
        ),
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option("--extractor", help="rules, openai, transformers, replay or laser (default: the file's)."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the extractor: model=NAME, file=answers.jsonl.")
    ] = None,
    open_: Annotated[
        int | None,
        typer.Option("--open", min=1, help="No domain: declare every name that at least so many specs use."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a caption.")] = False,
    evaluate: Annotated[
        Path | None, typer.Option("--evaluate", help="Gold captions with specs: measure the extractor instead.")
    ] = None,
    show_prompt: Annotated[
        bool, typer.Option("--show-prompt", help="Print what a language model would be asked, and stop.")
    ] = False,
    predicates: OwnCode = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Extractors at work at the same time, in parts that a broken job keeps.")
    ] = None,
) -> None:
    """Translate captions to specs, check every one, and say what became of each caption.

    With --workers, or for a folder, the results go to .jsonl files, part by part: a job that was broken off goes on, in
    a folder results that exist are kept, and what fails is listed in failures.jsonl.

    Exit code 1 when no caption has a spec, or a part of a large job failed.

    Example: nesy extract captions.jsonl --spec examples/platformer.dsl -o specs.dsl
    """
    from nesy.cli.extract_folder import extract_folder
    from nesy.synthesis.captions import read_captions
    from nesy.synthesis.choice import Choice
    from nesy.synthesis.extraction import Summary
    from nesy.synthesis.extraction import extract as run
    from nesy.synthesis.open_vocabulary import declared

    load_own(predicates)
    if evaluate is not None:
        _evaluate(evaluate, spec, extractor, settings or [], output, as_json)
        return
    if (spec is None) == (open_ is None):
        raise DataError("which names may the specs use?", hint="either give a .dsl file with --spec, or say --open 1")
    choice = Choice.of(spec, extractor, _changes(settings or []))
    domain = choice.domain
    if show_prompt:
        from nesy.synthesis.prompt import Prompt

        prompt = Prompt.of(domain)
        out.print(f"// prompt {prompt.digest}\n", markup=False)
        out.print(prompt.text("<the caption>"), markup=False, end="")
        return
    if captions is None:
        raise DataError("no captions", hint='give a file with lines like {"id": "clip-1", "caption": "A dog runs."}')
    if captions.is_dir() or workers is not None:
        changes = dict(_changes(settings or []))
        extract_folder(captions, spec, output, extractor, changes, predicates or [], workers or 2, as_json)
        return
    if output is not None and output.is_dir():
        raise DataError(f"{output} is a folder", hint="name a file: -o specs.dsl")
    read = read_captions(captions)
    chosen = choice.make()
    with bars() as shown:
        results = run(chosen, read, domain, lambda done, total: shown.tell("captions", done, total))
    declarations = ""
    if open_ is not None:
        results, vocabulary = declared(results, open_)
        declarations = vocabulary.declarations()
        if output is None and not as_json:
            out.print(declarations, markup=False)
    if output is not None:
        _write(output, spec, results, declarations)
    if as_json:
        for r in results:
            print(json.dumps(r.to_json()))
    elif output is None:
        for r in results:
            out.print(f"{r.id}: {r.spec or f'({r.status}: {r.reason})'}", markup=False)
    summary = Summary.of(results)
    err.print(str(summary), markup=False)
    usage = getattr(chosen, "usage", None)
    if usage is not None:
        err.print(str(usage), markup=False)
    if output is not None:
        err.print(f"{output}: written", markup=False)
    if results and summary.rejected == len(results):
        raise typer.Exit(1)


def _evaluate(
    gold: Path, spec: Path | None, name: str | None, changes: list[str], output: Path | None, as_json: bool
) -> None:
    """Measure an extractor on gold captions, domain by domain, and print the rates."""
    from rich.table import Table

    from nesy.synthesis import extractors
    from nesy.synthesis.quality import Quality, evaluate, read_gold

    qualities: dict[str, Quality] = {}
    with bars() as shown:
        for domain, (signature, golds) in read_gold(gold, spec).items():
            chosen = extractors[name or "rules"](signature, _changes(changes))
            step = partial(shown.tell, domain)
            qualities[domain] = evaluate(chosen, golds, signature, progress=step)
    whole = Quality()
    for quality in qualities.values():
        whole = whole.plus(quality)
    rows = {d: q.as_dict() for d, q in qualities.items()} | {"all": whole.as_dict()}
    different = [{**r.to_json(), "gold": g} for r, g in whole.different]
    if output is not None:
        write_whole(output, "".join(json.dumps(d) + "\n" for d in different))
        err.print(f"{output}: {len(different)} captions whose spec is missing or means something else", markup=False)
    if as_json:
        print(json.dumps({"extractor": name or "rules", "quality": rows, "different": different}))
        return
    table = Table("", *rows)
    for measure in rows["all"]:
        cells = [row[measure] for row in rows.values()]
        table.add_row(measure, *("-" if c is None else str(c) if isinstance(c, int) else f"{c:.3f}" for c in cells))
    out.print(table)


def _changes(changes: list[str]) -> dict[str, Any]:
    """``key=value`` settings; a value is JSON, or a bare word."""
    settings: dict[str, Any] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or not key:
            raise NesyError(f"cannot understand the setting {change!r}", expected=["model=NAME", "tries=2"])
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value
    return settings


def _write(output: Path, domain: Path | None, results: list[Any], declarations: str) -> None:
    from nesy.synthesis.specfile import relative_import, spec_file

    if output.name.endswith(".laser.json"):
        text = _laser(results)
    elif output.suffix in (".jsonl", ".json"):
        text = "".join(json.dumps(r.to_json()) + "\n" for r in results)
    else:
        text = spec_file(results, relative_import(domain, output) if domain is not None else None, declarations)
    write_whole(output, text)


def _laser(results: list[Any]) -> str:
    """LASER's first-stage JSON of all specs that it can say; the others are named on stderr."""
    from nesy.dsl.parser import parse_formula
    from nesy.synthesis.laser_writer import laser_item

    items: dict[str, Any] = {}
    for r in results:
        if r.spec is None:
            continue
        try:
            items[r.id] = {**laser_item(r.id, parse_formula(r.spec)), "caption": r.caption}
        except NesyError as e:
            err.print(f"{r.id}: left out: {e.message}", markup=False)
    return json.dumps(items, indent=1) + "\n"
