"""Planning: which device should hold what of whose money before it is wanted there."""
