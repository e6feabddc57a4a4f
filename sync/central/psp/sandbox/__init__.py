"""A test provider over real HTTP, speaking the part of Stripe's API that central uses, with its own book."""

from sync.central.psp.sandbox.book import Book as Book
from sync.central.psp.sandbox.cards import Card as Card
from sync.central.psp.sandbox.server import Sandbox as Sandbox
