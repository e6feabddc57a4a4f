"""Analysis: what a site's guests did, as named expressions that any engine computes to the same integers."""
