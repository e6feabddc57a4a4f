"""The demo park: central and one edge with six readers, real but for the bands and the radio field."""
