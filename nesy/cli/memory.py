"""``nesy memory``: remember scene graphs, ask, show, export and forget."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nesy.cli.app import app, err, out
from nesy.cli.own_code import OwnCode, load_own
from nesy.cli.progress import bars
from nesy.errors import DataError, NesyError, SpecSyntaxError
from nesy.files import write_whole

if TYPE_CHECKING:
    from nesy.memory.store import Match, Pattern, TripleStore

memory = typer.Typer(help="Remember what was seen, ask for it, forget it.", no_args_is_help=True)
app.add_typer(memory, name="memory")

Store = Annotated[str, typer.Option("--store", help="The folder of the memory, or postgresql://user@host/database.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_SLOT = r"\s*[^(),]+?\s*"
_PATTERN = rf"\({_SLOT},{_SLOT}(?:,{_SLOT})?\)"


@memory.command("add")
def add(
    sources: Annotated[list[Path], typer.Argument(help="Scene-graph files, or folders of trained runs.")],
    store: Store,
    split: Annotated[str, typer.Option(help="Of a run: which split of its data to look at.")] = "test",
    clips: Annotated[int | None, typer.Option(min=1, help="Of a run: at most so many clips.")] = None,
    video: Annotated[str | None, typer.Option(help="Name of the video, for one file (default: the file's).")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the new in the place of a video that is known.")
    ] = False,
    enter: Annotated[float, typer.Option(help="Frame probability that begins an interval.")] = 0.3,
    leave: Annotated[float, typer.Option(help="Frame probability at which it ends.")] = 0.2,
    gap: Annotated[int, typer.Option(help="Frames that may lie between two parts of one interval.")] = 1,
    predicates: OwnCode = None,
    as_json: Json = False,
) -> None:
    """Remember scene graphs, or what a trained run sees in its data.

    Example: nesy memory add graph.json --store memory
    """
    from nesy.memory.intervals import Thresholds
    from nesy.memory.remember import file_name, remember, remember_file
    from nesy.memory.store import TripleStore

    load_own(predicates)
    thresholds = Thresholds(enter, leave, gap)
    if video is not None and (len(sources) != 1 or sources[0].is_dir()):
        raise DataError("--video names one video, but several are to be added")
    for source in sources:
        if not source.exists():
            raise DataError(f"{source}: no such file", hint="`nesy predict RUN VIDEO -o graph.json` writes one")
    names = [video or file_name(source) for source in sources if not source.is_dir()]
    rows: list[dict[str, Any]] = []
    with TripleStore.open(store) as kept:
        known = set() if replace else set(kept.known())
        for i, name in enumerate(names):  # told before anything is added
            if name in known:
                raise DataError(f"video `{name}` is remembered already", hint="--replace puts the new in its place")
            if name in names[:i]:
                raise DataError(f"two files would be the video `{name}`", hint="add one of them with --video NAME")
        try:
            for source in sources:
                if source.is_dir():
                    from nesy.memory.runs import predicted

                    with bars() as shown:
                        for clip, graph in predicted(
                            source, split, clips, lambda done, total: shown.tell("looking", done, total)
                        ):
                            count = remember(
                                graph, kept, video=clip.id, source=source.resolve().name, thresholds=thresholds,
                                replace=replace,
                            )  # fmt: skip
                            rows.append({"video": clip.id, "triples": count})
                else:
                    name = video or file_name(source)
                    count = remember_file(source, kept, video=name, replace=replace, thresholds=thresholds)
                    rows.append({"video": name, "triples": count})
        except NesyError as e:
            if rows:  # each video is stored for itself
                kept_so_far = f"the {len(rows)} before it are remembered: go on without them, or with --replace"
                e.hint = f"{e.hint}; {kept_so_far}" if e.hint else kept_so_far
            raise
    if as_json:
        print(json.dumps({"store": str(store), "added": rows}))
    else:
        total = sum(r["triples"] for r in rows)
        err.print(f"{store}: {len(rows)} videos remembered, {total} triples", markup=False)


@memory.command("ask")
def ask(
    text: Annotated[str, typer.Argument(help="A question, a pattern `(?, chasing, cat)` or a formula.")],
    store: Store,
    video: Annotated[str | None, typer.Option(help="Only in this video.")] = None,
    confidence: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The least confidence of an answer (pattern 0, question 0.25, formula 0.5)."),
    ] = None,
    since: Annotated[float | None, typer.Option("--from", help="Of a pattern: not over before this second.")] = None,
    until: Annotated[float | None, typer.Option("--to", help="Of a pattern: begun before this second.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many answers.")] = 20,
    picture: Annotated[
        Path | None, typer.Option("--svg", help="Of a pattern: draw the answers on a time line.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask the memory. Exit code 1 when the answer is "no" or "nothing".

    Patterns: `(subject, predicate, object)` or `(subject, predicate)`, with `?` for anything and class names for any
    member; `(?, jumping) before (?, killing, ?)` asks for one of Allen's relations between two.

    Example: nesy memory ask 'who jumped over a snail?' --store memory
    """
    from nesy.memory.store import TripleStore

    with TripleStore.open(store, create=False) as kept:
        if video is not None and video not in (names := kept.known()):
            from nesy.errors import did_you_mean

            raise DataError(f"no video `{video}` in the memory", hint=did_you_mean(video, names))
        window = None if since is None and until is None else (since or 0.0, float("inf") if until is None else until)
        single = re.fullmatch(_PATTERN, text.strip())
        double = re.fullmatch(rf"({_PATTERN})\s+([\w-]+)\s+({_PATTERN})", text.strip())
        if single or double:
            parts = [text] if single else [double[1], double[3]] if double else []
            patterns = [_pattern(p, kept, video, confidence or 0.0, window) for p in parts]
            row, lines, found = _matches(kept, patterns, double[2] if double else None, limit)
            if picture is not None:
                from nesy.viz.recalled import recalled_svg

                lengths = {v.name: v.frames for v in kept.videos() if v.frames is not None}
                write_whole(picture, recalled_svg([m.triple for m in found], frames=lengths))
        elif window is not None or picture is not None:
            raise DataError("--from, --to and --svg go with a pattern", hint="(?, jumping)")
        else:
            row, lines = _formula_or_question(text, kept, video, confidence, limit)
    if as_json:
        print(json.dumps(row))
    else:
        for line in lines:
            out.print(line, markup=False)
    if row["empty"]:
        raise typer.Exit(1)


@memory.command("walk")
def walk(
    concepts: Annotated[list[str], typer.Argument(help="Objects, classes or predicates to start from, or a question.")],
    store: Store,
    limit: Annotated[int, typer.Option(min=1, help="At most so many videos.")] = 10,
    as_json: Json = False,
) -> None:
    """The videos and concepts that are nearest to the given concepts in the graph of triples (personalised PageRank).

    Example: nesy memory walk snail stomping --store memory
    """
    from nesy.memory.store import TripleStore
    from nesy.memory.store.walk import Walker

    with TripleStore.open(store, create=False) as kept:
        if len(concepts) == 1 and concepts[0].strip().endswith("?"):
            from nesy.memory.answers import concepts as spoken_of
            from nesy.memory.answers import reader

            there = {x for names in kept.vocabulary().values() for x in names if kept.occurs(x)}
            concepts = [c for c in spoken_of(reader(kept).read(concepts[0])) if c in there]
            if not concepts:
                raise DataError("nothing that the question speaks of occurs in the memory")
        found = Walker(kept).walk(concepts, top=limit)
    if as_json:
        print(json.dumps({"videos": dict(found.videos), "concepts": dict(found.concepts)}))
        return
    for name, share in found.videos:
        out.print(f"{share:.4f}  {name}", markup=False)


@memory.command("show")
def show(
    store: Store,
    video: Annotated[str | None, typer.Option(help="The triples of this video.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many videos or triples.")] = 20,
    check: Annotated[bool, typer.Option("--check", help="Read the whole file and verify its structure.")] = False,
    as_json: Json = False,
) -> None:
    """What is remembered.

    Example: nesy memory show --store memory
    """
    from nesy.memory.store import Pattern, StoreError, TripleStore

    with TripleStore.open(store, create=False) as kept:
        if check:
            kept.check()
        videos = kept.videos()
        if video is not None:
            if video not in [v.name for v in videos]:
                raise StoreError(f"no video `{video}` in the memory")
            found = sorted(kept.match(Pattern(video=video)), key=lambda m: (m.triple.start, m.triple.end, m.id))[:limit]
            if as_json:
                print(json.dumps([_row(m) for m in found]))
            for m in found if not as_json else ():
                out.print(_line(m), markup=False)
            return
        summary = {
            "triples": kept.count(), "videos": len(videos), "bytes": kept.size(),
            "classes": kept.classes(), "predicates": kept.predicates(),
        }  # fmt: skip
    if as_json:
        print(json.dumps({**summary, "newest": [asdict(v) for v in videos[::-1][:limit]]}))
        return
    out.print(f"{summary['triples']} triples of {summary['videos']} videos, {summary['bytes']} bytes", markup=False)
    for kind in ("classes", "predicates"):
        out.print(f"{kind}: " + ", ".join(f"{n} {c}" for n, c in summary[kind].items()), markup=False)  # type: ignore[attr-defined]
    for v in videos[::-1][:limit]:
        when = datetime.fromtimestamp(v.added, UTC).isoformat(" ", "seconds")
        out.print(
            f"  {v.name}: {v.triples} triples, {'?' if v.frames is None else v.frames} frames, remembered {when}",
            markup=False,
        )


@memory.command("export")
def export(
    store: Store,
    format: Annotated[str, typer.Option("--format", "-f", help="jsonld or ntriples.")] = "jsonld",
    file: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write (default: print).")] = None,
    as_json: Json = False,
) -> None:
    """The whole memory as RDF.

    Example: nesy memory export --store memory -f ntriples -o memory.nt
    """
    from nesy.memory.export import export as write
    from nesy.memory.export import writer
    from nesy.memory.store import TripleStore

    if as_json and file is None:
        raise DataError("--json goes with --out: the export itself is printed otherwise")
    with TripleStore.open(store, create=False) as kept:
        if file is None:
            sys.stdout.writelines(writer(format)(kept))
            return
        write(kept, file, format)
        count = kept.count()
    if as_json:
        print(json.dumps({"file": str(file), "format": format, "triples": count}))
    else:
        err.print(f"{file}: {count} triples", markup=False)


@memory.command("forget")
def forget(
    store: Store,
    older_than: Annotated[str | None, typer.Option(help="Episodes older than this: 90s, 30m, 12h, 7d, 4w.")] = None,
    below: Annotated[float | None, typer.Option(help="Triples with a smaller confidence.")] = None,
    video: Annotated[str | None, typer.Option(help="This video, with its graph.")] = None,
    budget: Annotated[int | None, typer.Option(help="All but so many triples: the most salient stay.")] = None,
    as_json: Json = False,
) -> None:
    """Forget by age, confidence, video or budget; what is forgotten is gone from the file.

    Example: nesy memory forget --store memory --older-than 30d --budget 1000000
    """
    from nesy.memory.store import Policy, TripleStore

    policy = Policy(None if older_than is None else _seconds(older_than), below, video, budget)
    with TripleStore.open(store, create=False) as kept:
        gone = kept.forget(policy)
        left = kept.count()
    if as_json:
        print(json.dumps({"forgotten": gone, "left": left}))
    else:
        err.print(f"{gone} triples forgotten, {left} left", markup=False)


# --------------------------------------------------------------------------------------------------------------------


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text.strip())
    if found is None:
        raise DataError(f"{text!r} is not an age", expected=["90s", "30m", "12h", "7d", "4w"])
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[found[2]]


def _pattern(
    text: str, store: TripleStore, video: str | None, confidence: float, seconds: tuple[float, float] | None
) -> Pattern:
    """A pattern of the command line; a predicate that never occurs, or not so, is more often a slip than a question."""
    from nesy.errors import did_you_mean
    from nesy.memory.store import IS_A, Pattern

    slots = [None if s.strip() == "?" else s.strip() for s in text.strip()[1:-1].split(",")]
    names = store.vocabulary()
    known = [IS_A, *names["unary"], *names["binary"]]
    if slots[1] is not None and slots[1] not in known:
        raise DataError(f"no predicate `{slots[1]}` in the memory", hint=did_you_mean(slots[1], known))
    takes_none = slots[1] in names["unary"]
    takes_one = slots[1] == IS_A or slots[1] in names["binary"]
    if slots[1] is not None and not (takes_none if len(slots) == 2 else takes_one):
        right = f"({slots[0] or '?'}, {slots[1]}{'' if takes_none else ', ?'})"
        raise DataError(f"`{slots[1]}` is said of {'one object' if takes_none else 'two'}: {right}")
    unary = True if len(slots) == 2 and slots[1] is not None else None
    return Pattern(
        slots[0], slots[1], slots[2] if len(slots) == 3 else None, video=video, confidence=confidence,
        seconds=seconds, unary=False if len(slots) == 3 and slots[1] is not None else unary,
    )  # fmt: skip


def _matches(
    store: TripleStore, patterns: list[Pattern], relation: str | None, limit: int
) -> tuple[dict[str, Any], list[str], list[Match]]:
    if relation is None:
        found = store.match(patterns[0], limit=limit)
        row = {"kind": "pattern", "count": store.count(patterns[0]), "matches": [_row(m) for m in found]}
        lines = [_line(m) for m in found] or ["nothing"]
        return {**row, "empty": not found}, lines, found
    pairs = store.related(patterns[0], relation.replace("-", "_"), patterns[1], limit=limit)
    row = {"kind": "relation", "pairs": [[_row(a), _row(b)] for a, b in pairs]}
    lines = [f"{_line(a)}\n    {relation} {_line(b)}" for a, b in pairs] or ["nothing"]
    return {**row, "empty": not pairs}, lines, [m for pair in pairs for m in pair]


def _formula_or_question(
    text: str, store: TripleStore, video: str | None, confidence: float | None, limit: int
) -> tuple[dict[str, Any], list[str]]:
    from nesy.dsl.parser import parse_formula
    from nesy.memory.questions import STARTS

    words = text.strip().split()
    first = words[0].lower() if words else ""
    if first in STARTS or text.strip().endswith("?"):
        return _question(text, store, video, confidence, limit)
    try:
        parse_formula(text, "<formula>")
    except SpecSyntaxError as e:
        raise NesyError(
            f"neither a question, a pattern nor a formula: {text.strip()[:80]!r}",
            expected=["who jumped over a snail?", "(?, chasing, cat)", "exists x { eventually jumping(x) }"],
            hint=f"as a formula: {e.message}",
        ) from None
    return _formula(text, store, video, confidence, limit)


def _formula(
    text: str, store: TripleStore, video: str | None, confidence: float | None, limit: int
) -> tuple[dict[str, Any], list[str]]:
    from nesy.memory.formulas import ask_formula

    found = ask_formula(text, store, videos=None if video is None else [video])
    rows, lines = [], []
    for r in found[:limit]:
        exact = r.answer is not None and r.answer.method == "exact"
        bounds = (r.answer.lower, r.answer.upper) if r.answer is not None else (0.0, 0.0)
        rows.append(
            {"video": r.video, "probability": r.probability, "exact": exact, "lower": bounds[0], "upper": bounds[1],
             "objects": r.objects, "frames": list(r.frames), "error": r.error}
        )  # fmt: skip
        where = ", ".join(f"{k} = {v}" for k, v in r.objects.items())
        told = f"P = {r.probability:.6f}" if exact else f"{bounds[0]:.6f} <= P <= {bounds[1]:.6f}"
        lines.append(f"{r.video}: {r.error or told}" + (f"  with {where}" if where else ""))
    empty = not found or found[0].probability < (0.5 if confidence is None else confidence)
    return {"kind": "formula", "formula": text, "videos": rows, "empty": empty}, lines


def _question(
    text: str, store: TripleStore, video: str | None, confidence: float | None, limit: int
) -> tuple[dict[str, Any], list[str]]:
    from dataclasses import replace

    from nesy.memory.answers import SURE, answer, reader

    question = reader(store).read(text)
    if video is not None:
        question = replace(question, video=video)
    reply = answer(question, store, sure=SURE if confidence is None else confidence, limit=limit)
    rows = [{**asdict(i), "seconds": i.seconds} for i in reply.items]
    row = {
        "kind": question.kind, "question": text, "statement": question.statement, "formulas": reply.formulas,
        "value": reply.value, "probability": reply.probability, "unsure": reply.unsure, "answers": rows,
        "empty": reply.empty,
    }  # fmt: skip
    return row, reply.lines()


def _row(m: Match) -> dict[str, Any]:
    return {**asdict(m.triple), "seconds": m.triple.seconds, "confidence": m.confidence, "mean": m.triple.confidence}


def _line(m: Match) -> str:
    from nesy.memory.answers import when

    return f"{m.triple}{when(m.triple.start, m.triple.end, m.triple.seconds)}  {m.confidence:.3f}"
