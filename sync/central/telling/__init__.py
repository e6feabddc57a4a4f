"""Telling: the feed as one edge gets it, in pages, in whole, and in sums over its siblings."""
