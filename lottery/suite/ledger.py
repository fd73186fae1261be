"""The ledger of claims as pages show it: read from what is printed and recorded, and told in words."""

import inspect
import json
import math
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lottery import claims, files, store
from lottery.choices import choose, offered
from lottery.claims import Evidence, Need, Plan, _runs
from lottery.suite.chapter import all_published
from lottery.suite.notebooks import checkout

SOURCES = {"published": "In print", "minilm": "On a real BERT", "miniature": "On the miniature"}
PAPERS = ("gordon2020", "chen2020", "prasanna2020", "jiang2023")  # as the book follows them
IN_WORDS = {  # of one claim, and of several
    claims.HOLDS: ("holds", "hold"),
    claims.FAILS: ("fails", "fail"),
    claims.OPEN: ("is undecided", "are undecided"),
    claims.SILENT: ("has evidence that says nothing", "have evidence that says nothing"),
    claims.MISSING: ("has no number", "have no number"),
    claims.UNASKED: ("is not asked", "are not asked"),
}
WITHIN_REACH = 12 * 3600.0  # seconds of the recorded machine: a night


class Weighed(NamedTuple):
    """Every claim with its evidence."""

    evidence: pd.DataFrame  # of `claims.evidence`
    verdicts: pd.DataFrame  # of `claims.verdicts`: a row a claim, a column a source
    sources: list[str]  # in the order in which they are shown
    recorded: dict[str, set[str]]  # {profile: the chapters that are recorded under it}


def weighed(records: str | Path, chapters: Sequence[str]) -> Weighed:
    """Every claim judged by what the papers print and by what is recorded of these chapters.

    The evidence takes twenty seconds and several pages show it: it is computed once and kept beside the records, in
    _build/evidence.json, until they, what is printed, or the package changes.
    """
    there, place = _there(Path(records), chapters), _place(Path(records))
    inputs = _digest(Path(records), there)
    with files.locked(place.with_suffix(".lock")):
        kept = _kept(place)
        if kept.get("inputs") != inputs:
            for left in place.parent.glob(f".{place.stem}-*{place.suffix}"):  # by one that was killed as it wrote
                files.remove(left)
            evidence, recorded = _evidence(there)
            _keep(place, {"inputs": inputs, "rows": evidence.to_dict("records"), "recorded": recorded})
            kept = _kept(place)
    evidence = _rows(kept)
    sources = [*SOURCES, *(profile for profile in there if profile not in SOURCES)]
    recorded = {profile: set(names) for profile, names in kept["recorded"].items()}
    return Weighed(evidence, claims.verdicts(evidence, sources), sources, recorded)


def kept_evidence(records: str | Path) -> pd.DataFrame | None:
    """The evidence of all claims that `weighed` keeps; None where it keeps none, or something changed since."""
    chapters = sorted({table for name in offered("claims") if (table := choose("claims", name).TABLE)})
    kept = _kept(_place(Path(records)))
    current = kept and kept["inputs"] == _digest(Path(records), _there(Path(records), chapters))
    return _rows(kept) if current else None


def _place(records: Path) -> Path:
    return records.parent / "_build" / "evidence.json"


def _there(records: Path, chapters: Sequence[str]) -> dict[str, dict[str, Path]]:
    """The files of records that there are of some chapters: {profile: {chapter: its file}}."""
    profiles = sorted({"minilm", "miniature", *(folder.name for folder in records.glob("*"))})
    paths = {profile: {name: records / profile / f"{name}.parquet" for name in chapters} for profile in profiles}
    return {profile: {name: path for name, path in of.items() if path.exists()} for profile, of in paths.items()}


def _rows(kept: Mapping[str, Any]) -> pd.DataFrame:
    """The evidence, as `claims.evidence` made it, of what is kept."""
    evidence = pd.DataFrame(kept["rows"], columns=["claim", "source", *Evidence._fields, "verdict", "why"])
    evidence["claimed"] = [tuple(each) for each in evidence["claimed"]]
    evidence["plan"] = [each and Plan(*each) for each in evidence["plan"]]
    return evidence


def _evidence(paths: Mapping[str, Mapping[str, Path]]) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """The evidence, and which chapters have records, from the files of records, {profile: {chapter: its file}}."""
    printed = all_published()
    sizes = printed["glue_dev"].set_index("task")["examples"]
    recorded = {
        profile: {name: _runs.prepared(table, sizes) for name, path in of.items() if len(table := store.recorded(path))}
        for profile, of in paths.items()
    }
    return claims.evidence(printed, recorded), {profile: list(tables) for profile, tables in recorded.items()}


def _digest(records: Path, recorded: Mapping[str, Mapping[str, Path]]) -> str:
    """The sha256 of all that the evidence depends on: what is recorded and printed, the package and the pins."""
    root, package = checkout(), Path(claims.__file__).parent.parent
    contents = [
        files.fingerprint(records, [path for of in recorded.values() for path in of.values()]),
        files.fingerprint(root, [root / "constraints.txt", *(root / "book" / "published").glob("*.csv")]),
        files.fingerprint(package, package.rglob("*.py")),
    ]
    return sha256(json.dumps(contents).encode()).hexdigest()


def _keep(place: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, default=lambda value: value.item())  # what numpy has made of whole numbers
    with files.written(place) as partial:
        partial.write_text(f"{sha256(text.encode()).hexdigest()}\n{text}", encoding="utf-8")


def _kept(place: Path) -> dict[str, Any]:
    """What is kept there; {} for nothing, and for what is not as it was written."""
    try:
        checksum, _, text = place.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return {}
    return json.loads(text) if sha256(text.encode()).hexdigest() == checksum else {}


def named(source: str) -> str:
    """A source as a reader knows it."""
    return SOURCES.get(source, f"Under the profile {source}")


def title(name: str) -> str:
    """The first line of a claim."""
    return inspect.getdoc(choose("claims", name)).splitlines()[0]


def headline(verdicts: pd.Series) -> str:
    """How many claims came to which state, those that came to none left out: "29 hold, 14 fail, ...", in words."""
    return ", ".join(
        f"{count} {IN_WORDS[state][count != 1]}" for state, count in claims.counts(verdicts).items() if count
    )


def in_unit(told: str, unit: str) -> str:
    """A number, as text, with its unit, which may be "": a percent sign right behind it, a word behind a blank."""
    return f"{told}%" if unit == "%" else f"{told} {unit}".strip()


def number(value: float) -> str:
    """A number as it is shown: two digits where it is small, else two decimals; a minus sign is no hyphen."""
    value = round(value, 6) + 0.0  # no minus zero
    return f"{value:.2g}".replace("-", "−") if abs(value) < 0.1 else f"{value:.2f}".replace("-", "−")


def in_range(low: float, high: float) -> str:
    """The range that a claim gives a measurement, in words."""
    if math.isinf(low):
        return f"below {number(high)}"
    return f"above {number(low)}" if math.isinf(high) else f"between {number(low)} and {number(high)}"


def measurement(row: Mapping[str, object]) -> str:
    """A row of the evidence in a line: what was measured, what the claim says of it, the verdict, and its reason."""
    estimate = "no number" if math.isnan(row["estimate"]) else in_unit(f"**{number(row['estimate'])}**", row["unit"])
    span = "" if math.isnan(row["low"]) else f"{number(row['low'])} to {number(row['high'])}, "
    basis = row["basis"] if row["basis"] != row["why"] else ""
    brackets = f" ({span}{basis})" if span or basis else ""
    why = f", {row['why']}" if row["why"] else ""
    return f"{row['what']}: {estimate}{brackets}; claimed {in_range(*row['claimed'])}: *{row['verdict']}*{why}"


def measurements(rows: pd.DataFrame) -> list[str]:
    """Rows of one claim and source as lines; those that say nothing for one reason in a line together."""
    silent = (rows["verdict"] == claims.SILENT) & rows["estimate"].isna()
    lines = [measurement(row) for row in rows[~silent].to_dict("records")]
    for why, some in rows[silent].groupby("why", sort=False):
        first, many = some.iloc[0], len(some)
        others = f" and {many - 1} more like it" if many > 1 else ""
        lines.append(f"{first['what']}{others}: *{claims.SILENT}*, {why}")
    return lines


def needs(evidence: pd.DataFrame) -> pd.DataFrame:
    """What each undecided measurement would take: its row of the evidence and the columns of `Need`, cheapest first."""
    rows = evidence[evidence["verdict"] == claims.OPEN]
    lacking = [
        claims.need(Evidence(**{name: row[name] for name in Evidence._fields})) for row in rows.to_dict("records")
    ]
    table = rows.drop(columns="why").reset_index(drop=True).join(pd.DataFrame(lacking, columns=Need._fields))
    return table.sort_values(["seconds", "needed"], kind="stable", na_position="last", ignore_index=True)


def within_reach(rows: pd.DataFrame) -> bool:
    """Whether all that the undecided measurements of a claim lack is known, needs no more data, and fits into a night.

    rows  of `needs`, those of one claim and source
    """
    enough = rows["examples"].isna().all() and rows["seconds"].fillna(math.inf).sum() <= WITHIN_REACH
    return bool(len(rows) and enough)


def wanted(needs: pd.DataFrame) -> pd.DataFrame:
    """How many units a profile would have to ask of a chapter, so that each claim is decided that a night can decide.

    needs    as by `needs`
    returns  a row a source, chapter and unit: source, chapter, units; count, so many there are at least; needed, so
             many decide all of them; claims, how many they are. The chapter with the most claims comes first
    """
    rows = needs.assign(chapter=[choose("claims", name).TABLE for name in needs["claim"]])
    near = {place for place, some in rows.groupby(["source", "claim"]) if within_reach(some)}
    rows = rows[[place in near for place in zip(rows["source"], rows["claim"], strict=True)]]
    rows = rows[rows["needed"] > rows["count"]]  # else those that are there would do in four of five cases
    units = rows.groupby(["source", "chapter", "units"], sort=False).agg(
        count=("count", "min"), needed=("needed", "max"), claims=("claim", "nunique")
    )
    return units.reset_index().sort_values("claims", ascending=False, kind="stable", ignore_index=True)


def need_in_words(row: Mapping[str, object]) -> str:
    """A row of `needs` in a sentence: with how many units it would be decided, and what these take."""
    if row["why"]:
        return f"{row['why'][0].upper()}{row['why'][1:]}."
    truth = in_unit(number(row["supposed"]), row["unit"])
    if math.isinf(row["needed"]):
        return f"No number of {row['units']} shows it where the truth is {truth}."
    sets = ""
    if not math.isnan(row["examples"]):
        sets = f" and a dev set of {row['examples']:,.0f} examples instead of {row['plan'].examples:,}"
    if row["needed"] <= row["count"]:
        return f"{row['count']} {row['units']}{sets} would show it in four of five cases, if the truth is {truth}."
    return f"{row['needed']:,.0f} {row['units']} instead of {row['count']}{sets}, if the truth is {truth}."


def time_in_words(row: Mapping[str, object]) -> str:
    """What the lacking units of a row of `needs` take, and whether that is within reach; nothing, where none lack."""
    if row["units"] == "heads":
        return "a larger model"
    if math.isnan(row["seconds"]):
        return "not known"
    if not math.isnan(row["examples"]):
        return "more data"
    if row["seconds"] == 0:
        return "nothing more"
    hours = row["seconds"] / 3600
    words = f"{60 * hours:.0f} min" if hours < 1 else f"{hours:.0f} h"
    return f"{words}, {'within reach' if row['seconds'] <= WITHIN_REACH else 'for a GPU'}"
