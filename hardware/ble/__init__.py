"""Bluetooth beacons: heard here, judged elsewhere."""
