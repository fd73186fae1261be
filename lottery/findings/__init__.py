"""What recorded runs say, told as tables."""
