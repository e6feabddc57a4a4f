"""The registry: guests, bands, rights, places and staff as the operator says they are."""
