"""The central platform."""
