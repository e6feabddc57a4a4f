"""Offering: what a guest is offered here, what was shown of it, and what they took up."""
