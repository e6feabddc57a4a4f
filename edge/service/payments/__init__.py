"""Payments: baskets, leases, cash and what is taken back, all through the one sequencer."""
