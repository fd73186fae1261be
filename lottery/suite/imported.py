"""All that a warm process has imported: its server imports this module alone."""

import gc
from importlib import import_module

from lottery.suite import warm

# Nothing of it is garbage: to look for some among a million objects takes a fifth of the time, and copies that look
# again would have to copy the pages that they share.
gc.disable()
for name in warm.IMPORTED:
    import_module(name)
gc.freeze()
gc.enable()
