"""The demo park: central and one edge with five readers, real but for the bands and the radio field."""
