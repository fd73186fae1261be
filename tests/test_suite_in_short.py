"""The box of a chapter beside the ledger, which judges the same claims by another road, and with records missing."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from IPython.display import Markdown

from lottery import claims
from lottery.choices import choose, offered
from lottery.suite import ledger
from lottery.suite.chapter import Chapter, all_published, recorded
from lottery.suite.holes import absent
from lottery.suite.in_short import InShort

RECORDS = Path(__file__).parent.parent / "book" / "records"
TEXT = {"question": "Why?", "done": "This.", "not_shown": "That."}
NONE = pd.DataFrame()


def test_print_is_told_where_nothing_is_recorded():
    short = InShort(Chapter("analyses/mask_agreement", NONE, NONE, NONE), ["masks_are_unstable"])
    printed = claims.evidence(all_published(), {})
    box = short.box(**TEXT).data
    verdict = claims.verdicts(printed, ["published"]).loc["masks_are_unstable", "published"]
    row = printed[(printed["claim"] == "masks_are_unstable") & (printed["verdict"] == verdict)].iloc[0]
    (line,) = [line for line in box.splitlines() if "claim-masks-are-unstable" in line]
    assert line.count("|") == 3  # no column for a model of which nothing is recorded
    assert line.endswith(f"*{verdict}* |")
    assert f"**{ledger.number(row['estimate'])}**" in line
    assert "MiniLM: nothing is recorded" in box
    assert "On a real BERT" not in short.summary().data


def test_verdicts_are_those_of_the_ledger():
    """One chapter's claims, judged here from its rows alone, and all together by `claims.evidence`."""
    tables = {source: recorded(str(RECORDS), source, "rewinding") for source in ("miniature", "minilm")}
    short = InShort(Chapter("experiments/rewinding", NONE, tables["miniature"], tables["minilm"]))
    sizes = all_published()["glue_dev"].set_index("task")["examples"]
    known = {name: {"rewinding": claims._runs.prepared(table, sizes)} for name, table in tables.items() if len(table)}
    verdicts = claims.verdicts(claims.evidence(all_published(), known), list(ledger.SOURCES))
    of_chapter = [name for name in offered("claims") if choose("claims", name).TABLE == "rewinding"]
    assert sorted(short.claims) == sorted(of_chapter) != []
    box, summary = short.box(**TEXT).data, short.summary().data
    for name in of_chapter:
        (line,) = [line for line in box.splitlines() if f"claim-{name.replace('_', '-')}" in line]
        shown = re.findall(r"\*([a-z ]+)\*(?= \|)|\| ([a-z –]+)(?= \|)", line)
        columns = [source for source in ledger.SOURCES if ledger.SOURCES[source] in box.split("|---")[0]]
        assert ["".join(each) for each in shown] == [verdicts.loc[name, source] for source in columns]
    for source, where in ledger.SOURCES.items():
        decided = verdicts.loc[of_chapter, source].isin([claims.HOLDS, claims.FAILS]).sum()
        told = [line for line in summary.splitlines() if line.startswith(f"- {where}")]
        assert sum(line.count("{ref}") for line in told) == decided


def test_a_chapter_of_a_book_takes_its_evidence_from_what_the_ledger_keeps(tmp_path, monkeypatch):
    """The same words as of its own rows, without a bootstrap; its own again once a record changes."""
    records, name = tmp_path / "records", "component_search"
    for profile in ("miniature", "minilm"):
        (records / profile).mkdir(parents=True)
        if (kept := RECORDS / profile / f"{name}.parquet").exists():
            shutil.copy(kept, records / profile)
    tables = [recorded(str(records), profile, name) for profile in ("miniature", "minilm")]
    alone, in_book = (Chapter(f"experiments/{name}", NONE, *tables, place) for place in (None, records))
    told = InShort(alone).box(**TEXT).data
    assert InShort(in_book).box(**TEXT).data == told  # the ledger keeps nothing yet
    ledger.weighed(records, ["component_search", "rewinding"])  # which is all that is recorded there
    computed = []
    monkeypatch.setattr(claims, "evidence", lambda *given: computed.append(given) or pd.DataFrame({"claim": []}))
    assert (InShort(in_book).box(**TEXT).data, computed) == (told, [])
    (records / "miniature" / f"{name}.parquet").unlink()
    assert InShort(in_book).evidence.empty
    assert len(computed) == 1


def test_a_chapter_without_claims_tells_what_it_computed_and_no_holes():
    short = InShort(Chapter("experiments/world", NONE, NONE, NONE))
    found = [Markdown("It is 3."), absent("*Not recorded yet*"), pd.DataFrame({"a": [1]}), "And 4."]
    numbers = {"lost": {"minilm": "2 points"}, "won": {"miniature": "1 point"}}
    box = short.box(**TEXT, found=found, numbers=numbers).data
    assert "**What was found.** It is 3.\n\nAnd 4.\n\n|" in box
    assert "| lost | 2 points | – |\n| won | – | 1 point |" in box
    assert "Not recorded" not in box
    assert short.summary(found).data == "It is 3.\n\nAnd 4."
    assert short.summary().data == "Nothing is recorded yet that would answer it."


def test_the_tasks_of_runs_are_told_where_none_is_a_full_model():
    rows = pd.DataFrame(
        {"experiment": ["Masks"] * 3, "one.of.task": ["sst2", None, "cola"], "task": ["-", "cola", "-"]}
    )
    box = InShort(Chapter("experiments/world", NONE, NONE, rows)).box(**TEXT).data
    assert "MiniLM: 3 runs on SST-2 and CoLA." in box


def test_a_record_in_the_miniatures_first_language_says_so():
    def box(version: int) -> str:
        text = f'{{"experiment": "Miniature", "seed": 1, "version": {version}}}'
        rows = pd.DataFrame({"experiment": ["Miniature"], "seed": [1], "parameters": [text]})
        return InShort(Chapter("experiments/world", NONE, rows, NONE)).box(**TEXT).data

    said = "The miniature, in its first language ({ref}`why another <language>`): 1 run"
    assert said in box(2)
    assert "The miniature: 1 run" in box(3)


def test_a_claim_of_another_chapter_is_refused():
    with pytest.raises(ValueError, match="world does not measure bad_tickets_win"):
        InShort(Chapter("experiments/world", NONE, NONE, NONE), ["bad_tickets_win"]).box(**TEXT)


def test_what_the_miniature_alone_says_is_told_where_no_real_bert_answers():
    name = "component_importance"
    rows = recorded(str(RECORDS), "miniature", name)
    short = InShort(Chapter(f"experiments/{name}", NONE, rows, NONE))
    assert (
        short.box(**TEXT).data.count("Nothing recorded of a real BERT answers it yet. On the miniature, the claim") == 1
    )
    assert short.summary().data.startswith("- On the miniature. ")
