"""Bands of NFC: what they prove, and the drivers that read them."""
