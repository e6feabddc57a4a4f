"""The album: every page of the demo park in every state, as pictures, by one command."""
