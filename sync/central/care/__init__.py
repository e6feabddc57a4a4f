"""Care: what a guest came to us with, and whether we did what we promised."""
