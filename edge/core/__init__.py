"""The rulebook: pure functions over values, the same at every edge and at central."""
