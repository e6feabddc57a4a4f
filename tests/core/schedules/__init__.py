"""Random schedules of a park whose network, clocks and disks misbehave, over the real functions of leases."""
