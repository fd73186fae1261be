"""Pre-trained encoders: what their parts are called (`families`) and their classes (`labels`), opening, their state."""
