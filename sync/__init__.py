"""Both ends of the wire between an edge and central."""
