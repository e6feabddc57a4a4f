"""Machines: which devices a site has, by which keys both sides sign, and how far their journals are known."""
