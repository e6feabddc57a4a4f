"""A guest's own page at central: their stored card, what it may be charged, and what was charged."""
