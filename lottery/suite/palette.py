"""One palette for the whole book: a thing has its colour and its marker by its name, in every figure that shows it.

Names that stand together in a figure are a family, in which none has the look of another.
"""

import re
from zlib import crc32

# Okabe & Ito's eight, told apart with any colour vision, and two more.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C", "#7F3C8D", "#A5AA99")
MARKERS = "os^Dvp*hXP"
FAMILIES = """\
CoLA | MNLI | QNLI | QQP | SST-2 | MRPC | SQuAD | RTE | STS-B | WNLI
pruned in pre-training | information deletion | pruned after fine-tuning | random, in pre-training
as cut | retrained | as cut, pooler too
removed by magnitude | removed at random
local | global
all examples | 300 examples
cut after fine-tuning | cut first | nothing removed
cut after fine-tuning, against pruned in pre-training | cut without fine-tuning, against pruned in pre-training | \
cut after fine-tuning, against cut without
SMP-L | SMP-S | SMP-G | movement | SMP-T | magnitude | L0 | soft movement | movement, regularised | SMP-S, released
- | - | - | - | - | - | - | at random | cut, local | cut, global
- | - | - | - | SMP-L, no teacher | SMP-L, the head | all masks
- | - | - | - | - | - | full fine-tuning
magnitude, in pre-training | magnitude, while fine-tuning | magnitude, after and retrained | \
magnitude, iterative, rewound | magnitude, after, local | magnitude, after, global | - | random, before
one bit each | bits, zlib | bits, lzma | entropy coder
iterative, rewound | one cut of the pre-trained weights | random mask | mask of a random model | \
found mask, weights re-initialised | found mask, layers shuffled | full model
good | bad | - | - | random | - | full
super | - | reversed
as trained | its mask alone | its weights alone | neither
accepted | taken back | heads | MLPs
over all heads | over all heads, by layers' norms | within layers
weights by size | weights at random | heads by size | heads at random | MLPs by size | MLPs at random | \
weights by size, of each matrix | weights by size, embeddings too | weights by Wanda | weights by OBS
- | - | - | - | - | weights by size, retrained
query | key | value | attention output | intermediate | output | pooler | word embeddings
- | - | - | - | - | - | all six
- | - | layers
whole words | pieces that continue
one cut | trained mask
magnitudes | with signs
- | heads gone | neurons gone | heads and neurons gone | upper layers gone | evenly spread layers gone | - | \
cut by Torch-Pruning | weights zeroed
MiniLM, recorded | miniature, recorded | this build | - | BERT-base
recorded
diagonal | vertical | vertical+diagonal | block | heterogeneous
network | features | prototype
- | - | - | one schedule | as released
- | - | - | - | - | fine-tuning | noise
- | - | - | - | weights re-initialised | layers shuffled
- | guessing
smallest weights of each matrix | smallest weights of all | Wanda | OBS | least important heads and neurons | \
smallest weights of all, retrained | random weights, retrained | random weights | random heads and neurons
"""  # - for a place that is taken where they stand together with others
PLACES = {
    name.strip(): place for line in FAMILIES.splitlines() for place, name in enumerate(line.split(" | ")) if name != "-"
}


def place(name: object) -> int:
    """The number of a name's colour and marker.

    A name that the palette lacks has that of the longest name it goes on from, as "SMP-L, a teacher" does from "SMP-L";
    else one by the number in it, tens of a percentage; else one made of its letters.
    """
    words = str(name)
    known = [each for each in PLACES if words == each or words.startswith((f"{each},", f"{each} "))]
    if known:
        return PLACES[max(known, key=len)]
    if percentage := re.search(r"(\d+) ?%", words):
        return int(percentage[1]) // 10 % len(COLOURS)
    digits = re.sub(r"\D", "", words)
    return (int(digits) if digits else crc32(words.encode())) % len(COLOURS)


def look(name: object) -> dict[str, str]:
    """The colour and the marker of a name, as of `Axes.plot`."""
    return {"color": COLOURS[place(name)], "marker": MARKERS[place(name)]}
