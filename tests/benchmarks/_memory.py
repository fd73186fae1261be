"""The gigabytes that a process of two steps of a way to train holds at most: `_memory.py WAY SHAPE BATCH LENGTH`."""

import json
import resource
import sys

from mask_learning import opened
from transformers import BertConfig

way, shape, batch, length = sys.argv[1:]
with opened(way, BertConfig(**json.loads(shape)), int(batch), int(length)) as step:
    step()
    step()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9)  # noqa: T201
