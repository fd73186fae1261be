"""A notebook that counts, for tests of what is done with notebooks."""

COUNT = """\
# %% [markdown]
# # Counting

# %% tags=["parameters"]
upto = 3  # how far
share = 0.5
words = ["one"]
shares = [0, 0.25]
loud = False
place = ""
results = "results"
workers = 2
scheduler = ""

# %% tags=["grid"]
from pathlib import Path

grid = [f"{place}{number}" for number in range(upto)]

# %% mystnb={"image": {"alt": "A rising line"}}
import sys
import matplotlib.pyplot as plt

print("progress", file=sys.stderr)
plt.plot(range(upto));

# %%
print(upto, Path.cwd().name, sys.executable)
"""
