"""A whole day: tens of thousands of visitors of a park and its store, in virtual time, on one page."""
