"""The diary of each guest: what they did in every channel, in the order in which it happened."""
