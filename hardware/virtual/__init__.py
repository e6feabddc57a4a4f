"""Bands, fields, chips and codes without hardware: behind the real drivers, for demo, tests and load."""
