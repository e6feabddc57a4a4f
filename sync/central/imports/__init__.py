"""Imports: guests, their bands and rights out of an operator's CSV file."""
