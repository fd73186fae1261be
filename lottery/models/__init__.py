"""Pre-trained encoders: what their parts are called (`families`) and their classes (`labels`), opening, their state.

`slices` cuts components out and saves what is left, `exporting` writes a model for programs that do not know it.
"""
