"""Settling: what devices sold becomes postings, and what is owed to guests reaches them."""
