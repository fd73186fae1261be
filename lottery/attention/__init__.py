"""Maps of attention, and the patterns in them."""
