"""The demo park: central and one edge with four readers, real but for the bands and the radio field."""
