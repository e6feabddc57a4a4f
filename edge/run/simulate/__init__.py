"""The simulator: a whole site in one process, in virtual time, and every bad day a seed can think of."""
