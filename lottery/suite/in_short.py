"""The box at the head of a chapter, and its summary: what was asked, done and found, computed from what is recorded.

The numbers are those of the claims that the chapter measures (`lottery.claims`), and others that it computes itself:
one in print, one on a real BERT, one on the miniature. What is not recorded is left out or said to be missing, so that
a chapter keeps its box while its records are made anew.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lottery import claims
from lottery.choices import choose, listed, offered
from lottery.claims import _runs
from lottery.findings import full_models
from lottery.suite import holes, ledger
from lottery.suite.chapter import Chapter, all_published, how_many, title

LACKING = (claims.MISSING, claims.UNASKED)
IN_TEXT = {"minilm": "on a real BERT", claims.PUBLISHED: "in print"}  # the sources that are evidence about BERT
NOTHING = "Nothing is recorded yet that would answer it."
PARAGRAPH = "\n\n"
COMMIT = re.compile(r"[0-9a-f]{7,}")
SEEDS = ("seed", "of.seed", "dense.seed", "start.seed", "world", "start.world", "of.start.seed")


@dataclass(frozen=True)
class InShort:
    """A chapter, and the names of the claims of the ledger that its runs measure; those first that matter most."""

    chapter: Chapter
    first: Sequence[str] = ()  # of its claims, those whose numbers are shown; (): all

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """Every measurement of this chapter's claims with its verdict: a row each, as of `claims.evidence`.

        Read from what the ledger keeps where that is current; else computed, which for one chapter takes seconds.
        """
        if self.chapter.records and (kept := ledger.kept_evidence(self.chapter.records)) is not None:
            return kept[kept["claim"].isin(self.claims) & kept["source"].isin(ledger.SOURCES)]
        printed = all_published()
        sizes = printed["glue_dev"].set_index("task")["examples"]
        tables = {"minilm": self.chapter.minilm, "miniature": self.chapter.miniature}
        own = Path(self.chapter.name).name
        recorded = {source: {own: _runs.prepared(table, sizes)} for source, table in tables.items() if len(table)}
        return claims.evidence(printed, recorded, self.claims)

    @cached_property
    def claims(self) -> list[str]:
        """The files of the claims that this chapter measures, those named first in front."""
        own = Path(self.chapter.name).name
        every = [name for name in offered("claims") if own == choose("claims", name).TABLE]
        if unknown := sorted(set(self.first) - set(every)):
            raise ValueError(f"{own} does not measure {listed(unknown, 'and')}: it measures {', '.join(every)}")
        return [*self.first, *(name for name in every if name not in self.first)]

    def box(
        self,
        *,
        question: str,
        done: str,
        not_shown: str,
        found: Sequence[object] = (),
        numbers: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Markdown:
        """The box, in MyST.

        question, done, not_shown  sentences of prose
        found                      what `Chapter.shown` makes of the chapter's own findings, or sentences; of what is
                                   not recorded, or is no text, nothing is told
        numbers                    {what: {"published", "minilm" or "miniature": its number in words}}
        """
        lines = [f"**Question.** {question}", f"**What was done.** {done}"]
        told = PARAGRAPH.join(_words(found) or self.by_claims())
        lines += [f"**What was found.**{PARAGRAPH if told.startswith('- ') else ' '}{told}"]
        if table := self._table(numbers or {}):
            lines += [table, "Intervals are 90% intervals unless a line says otherwise." if self.claims else ""]
        lines += [f"**What it does not show.** {not_shown}", f"*{self._runs()}*"]
        body = PARAGRAPH.join(line for line in lines if line)
        return Markdown(f":::::{{admonition}} In short\n:class: in-short\n\n{body}\n:::::")

    def summary(self, found: Sequence[object] = ()) -> Markdown:
        """What is to be taken along: what the chapter has found, as in the box, then what holds and fails by source."""
        lines = []
        for source, where in ledger.SOURCES.items():
            states = {name: self._verdict(name, source) for name in self.claims}
            told = [
                f"{ledger.IN_WORDS[state][0].capitalize()}: {'; '.join(map(_linked, names))}."
                for state in (claims.HOLDS, claims.FAILS)
                if (names := [name for name, verdict in states.items() if verdict == state])
            ]
            left = sum(verdict in (claims.OPEN, claims.SILENT) for verdict in states.values())
            told += [f"Left open: {how_many(left, 'claim')}."] if left else []
            lines += [f"- {where}. {' '.join(told)}"] if told else []
        return Markdown(PARAGRAPH.join([*_words(found), "\n".join(lines)]).strip() or NOTHING)

    def _verdict(self, name: str, source: str) -> str:
        if claims.not_asked(name, source):
            return claims.UNASKED
        rows = self.evidence[(self.evidence["claim"] == name) & (self.evidence["source"] == source)]
        return claims.together(list(rows["verdict"]))

    def by_claims(self) -> list[str]:
        """The first claim with its verdict, by the real BERT where it is decided there, and how many came to what."""
        told = []
        for source, where in IN_TEXT.items() if self.claims else ():
            verdict = self._verdict(self.claims[0], source)
            if verdict in (claims.HOLDS, claims.FAILS) and not told:
                what, number = self._number(self.claims[0], source, verdict)
                told.append(f"*{ledger.title(self.claims[0]).rstrip('.')}*: {where} this {verdict}; {what}, {number}.")
        counts = {}
        for source, where in IN_TEXT.items():
            states = pd.Series([self._verdict(name, source) for name in self.claims], dtype=object)
            if len(states) and not states.isin(LACKING).all():
                counts[where] = ledger.headline(states)
        if counts:
            of = f"Of the {len(self.claims)} claims that this chapter measures, "
            each = "; ".join(f"{where} {words}" for where, words in counts.items())
            if len(self.claims) == 1:
                of = "The claim that this chapter measures "
                each = " and ".join(f"{words.removeprefix('1 ')} {where}" for where, words in counts.items())
                if len(set(counts.values())) == 1:
                    each = f"{next(iter(counts.values())).removeprefix('1 ')} {' and '.join(counts)}"
            told.append(f"{of}{each}.")
        return told or [self._on_the_miniature()]

    def _on_the_miniature(self) -> str:
        """What the miniature alone says, which is no evidence about BERT, or that nothing is recorded."""
        states = pd.Series([self._verdict(name, "miniature") for name in self.claims], dtype=object)
        if states.isin(LACKING).all():
            return NOTHING
        many, said = f"of the {len(states)} claims of this chapter", f", {ledger.headline(states)}"
        if len(states) == 1:
            many, said = "the claim of this chapter", ledger.headline(states).removeprefix("1")
        return f"Nothing recorded of a real BERT answers it yet. On the miniature, {many}{said}."

    def _table(self, numbers: Mapping[str, Mapping[str, str]]) -> str:
        """A line a number and a claim, a column a source that has any, as a table of Markdown; "" for none."""
        shown = {what: dict(of) for what, of in numbers.items()}
        shown |= dict(map(self._line, self.first or self.claims))
        sources = [
            source
            for source in ledger.SOURCES
            if any(of.get(source, "") not in ("", *LACKING) for of in shown.values())
        ]
        if not sources:
            return ""
        head = f"| | {' | '.join(ledger.SOURCES[source] for source in sources)} |"
        lines = [head, "|---" * (len(sources) + 1) + "|"]
        lines += [f"| {what} | {' | '.join(of.get(each) or '–' for each in sources)} |" for what, of in shown.items()]
        return "\n".join(lines)

    def _line(self, name: str) -> tuple[str, dict[str, str]]:
        """A claim with what was measured, and its number and verdict in each source."""
        told, cells = "", {}
        for source in ledger.SOURCES:
            verdict = self._verdict(name, source)
            what, number = self._number(name, source, verdict)
            told = told or what
            aside = f" ({what})" if what != told else ""
            cells[source] = f"{number}{aside}, *{verdict}*" if number else verdict
        return _linked(name) + (f": {told}" if told else ""), cells

    def _number(self, name: str, source: str, verdict: str) -> tuple[str, str]:
        """What was measured first that bears the verdict of a source on a claim, and the number; "" for none."""
        rows = self.evidence[(self.evidence["claim"] == name) & (self.evidence["source"] == source)]
        known = rows[rows["estimate"].notna()]
        bearing = known[known["verdict"] == verdict]
        if verdict in LACKING or known.empty:
            return "", ""
        row = (bearing if len(bearing) else known).iloc[0]
        exact = np.isnan(row["low"]) or np.isclose(row["low"], row["high"])
        span = "" if exact else f" ({ledger.number(row['low'])} to {ledger.number(row['high'])})"
        estimate = ledger.in_unit(f"**{ledger.number(row['estimate'])}**", row["unit"])
        return row["what"].replace("|", "/"), estimate + span

    def _runs(self) -> str:
        """Model, data, seeds and commit of what is recorded, in a line."""
        parts = []
        for name, rows in {"MiniLM": self.chapter.minilm, "The miniature": self.chapter.miniature}.items():
            if rows.empty:
                parts.append(f"{name}: nothing is recorded.")
                continue
            tasks = [*full_models.full_models(rows)["task"]] or _tasks(rows)
            on = f" on {listed([*map(title, tasks)], 'and')}" if tasks else ""
            seeds = max((rows[column].nunique() for column in SEEDS if column in rows), default=0)
            many = f", {how_many(seeds, 'seed')}" if seeds else ""
            told = rows["made.commit"].dropna() if "made.commit" in rows else ()
            commits = sorted({commit.split("-")[0] for commit in told if COMMIT.match(commit)})
            of = f", commit{'s' * (len(commits) != 1)} {', '.join(commits)}" if commits else ""
            earlier = ", in its first language ({ref}`why another <language>`)"
            spoken = earlier if name == "The miniature" and self.chapter.of_first_language else ""
            parts.append(f"{name}{spoken}: {how_many(len(rows), 'run')}{on}{many}{of}.")
        return " ".join(parts)


def _tasks(rows: pd.DataFrame) -> list[str]:
    """The tasks that are named anywhere in the parameters of some runs, in the order of first appearance."""
    columns = [rows[name].dropna() for name in rows if name == "task" or name.endswith(".task")]
    return [*dict.fromkeys(name for values in columns for name in values if name in offered("tasks"))]


def _linked(name: str) -> str:
    """The title of a claim, as a link to its place in the ledger."""
    return f"{{ref}}`{ledger.title(name).rstrip('.')} <claim-{name.replace('_', '-')}>`"


def _words(found: Sequence[object]) -> list[str]:
    """The texts among what a chapter has computed, holes left out."""
    texts = [each for each in found if isinstance(each, Markdown) and not holes.is_notice(each.metadata)]
    return [each.data for each in texts] + [each for each in found if isinstance(each, str)]
