"""What runs, shows and stores: the commands, the cluster, the notebooks and the book."""

import sys

# To read a notebook draws in jsonschema, which as it is imported compiles the grammar of addresses 38 times, for a
# check that nobody asks for: more than a second of every process, and half of what a few pages take to render. It does
# without where this package is not to be had.
sys.modules.setdefault("rfc3987_syntax", None)
