"""What mask files take, by every code, beside the entropy of the share that stays."""

import pandas as pd

from lottery.findings.learned_masks import title

CODES = ("bits", "zlib", "lzma", "entropy")  # of MaskSizes
LOT = "at random"


def sizes(runs: pd.DataFrame) -> pd.DataFrame:
    """Bits a weight of masks, one row each run of MaskSizes.

    chosen           how: LOT, "cut, local", or by which learned method
    remaining        the share that stays, to four places; weights, of how many
    CODES            bits a weight by each code; bound, the entropy of the share; by_row, as if rows' shares were known
    """
    made = {
        "ByLot": lambda row: LOT,
        "Cut": lambda row: f"cut, {row['kept.scope']}",
        "LearnedMask": lambda row: f"{title(row['kept.method'])}, learned",
    }
    bits = runs[[*CODES, "bound", "by_row"]].mul(8).div(runs["weights"], axis=0)
    return bits.assign(
        chosen=[made[row["kept"]](row) for row in runs.to_dict("records")],
        remaining=(runs["stay"] / runs["weights"]).round(4),
        weights=runs["weights"],
    )


def beyond_entropy(rows: pd.DataFrame) -> pd.DataFrame:
    """What each code takes more than the entropy, as a share of that: the columns CODES, with chosen and remaining.

    rows  of `sizes`
    """
    more = rows[[*CODES]].div(rows["bound"], axis=0) - 1
    return more.assign(chosen=rows["chosen"], remaining=rows["remaining"])


def of_structure(more: pd.DataFrame) -> pd.DataFrame:
    """How the entropy coder does on masks not at random, where it can find structure: a row each way to choose.

    more     of `beyond_entropy`
    returns  least, most: what it takes more than the entropy, means at each share; below: at how many shares it takes
             less, of so many `shares`
    """
    means = more[more["chosen"] != LOT].groupby(["chosen", "remaining"], sort=False)["entropy"].mean()
    each = means.groupby("chosen", sort=False)
    return pd.DataFrame(
        {
            "least": each.min(),
            "most": each.max(),
            "below": each.agg(lambda some: int((some < 0).sum())),
            "shares": each.size(),
        }
    )
