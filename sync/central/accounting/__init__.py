"""Accounting: what of a device's sales was heard, what a day comes to, and the proof of it."""
