"""Channels: shops online, apps, mail and telephone systems that tell of guests and ask about them."""
