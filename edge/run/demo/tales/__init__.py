"""Guided stories: each is played through the running park, and told as it happens."""
