"""Hooks: what happened at a site, told to integrators' own systems (CloudEvents' HTTP web hook)."""
