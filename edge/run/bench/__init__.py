"""Figures: whether this machine will keep up, each beside a bare yardstick of the same run."""
