"""The decision service on the shop's own device."""
