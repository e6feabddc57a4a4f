"""Readers, radios and gates: knows bytes, knows nothing of rights."""
