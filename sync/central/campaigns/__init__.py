"""Campaigns: what guests are told and offered, by whose word, in which words, and what came of it."""
