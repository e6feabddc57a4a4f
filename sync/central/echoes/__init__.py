"""Echoes: what one device's events change, here and through here at the site's other devices."""
