"""Offers: from the draft to the signed bundle that two people stand for, and what it earned a guest."""
