"""How far full models are ahead of baselines that the task alone has taught, as chapters show it."""

import pandas as pd
from IPython.display import Markdown

from lottery.choices import listed
from lottery.findings import baselines
from lottery.suite.chapter import how_many, points, title


def by_task(table: pd.DataFrame) -> pd.DataFrame:
    """A table of `findings.baselines.ahead` in points, with 95% intervals: a row a task and baseline."""
    lines = table.assign(
        task=table["task"].map(title),
        baseline=table["kind"].map(lambda kind: title(kind, "baselines")),
        **{
            "majority-class baseline": table["majority"].fillna(0).map(points),
            "full model": table["model"].map(points),
        },
        scores=table["baseline"].map(points),
        ahead=table["ahead"].map(lambda ahead: ahead.in_words(100)),
    )
    names = {"scores": "the baseline's score", "ahead": "full model ahead by", "over": "interval over"}
    columns = ["task", "baseline", "majority-class baseline", "full model", *names]
    return lines[columns].rename(columns=names).set_index(["task", "baseline"])


def in_a_sentence(table: pd.DataFrame) -> Markdown:
    """On how many tasks of such a table the full model is ahead of every baseline, and on which it is behind one."""
    sides = baselines.beaten(table)
    names = {side: listed([*map(title, tasks)], "and") if tasks else "none" for side, tasks in sides.items()}
    return Markdown(
        f"By 95% intervals, the full model is ahead of every baseline on {len(sides[1])} of "
        f"{how_many(sum(map(len, sides.values())), 'task')}: {names[1]}. It is behind at least one on {names[-1]}. "
        f"Neither is shown on {names[0]}."
    )
