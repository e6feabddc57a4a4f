"""An explicit-state model of leases over the real functions of ``edge.core.lease``."""
