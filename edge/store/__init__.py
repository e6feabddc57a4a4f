"""SQLite on the device: the one truth of an edge, and the copy of what central says."""
