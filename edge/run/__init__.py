"""The only rooms that see the whole house: verbs, composition, demo, figures."""
