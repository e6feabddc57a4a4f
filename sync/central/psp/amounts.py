"""Amounts as Stripe counts them: its own minor units, which are not everywhere those of ISO 4217."""

from __future__ import annotations

from edge.core.money import Money
from edge.errors import Refused

NO_MINOR_UNIT = "BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF"
TWO_DECIMALS = (
    "AED ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY "
    "COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS "
    "INR JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN "
    "NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD SAR SBD SCR SEK SGD SHP SOS SRD SZL "
    "THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD YER ZAR ZMW "
)
SAME = frozenset([*NO_MINOR_UNIT.split(), *TWO_DECIMALS.split()])
"""Counted there as in ISO 4217."""
TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
"""Three decimals, of which the card networks take only those that end in 0."""
HUNDREDS_MORE = frozenset({"ISK"})
"""No minor unit in ISO 4217; Stripe still counts hundredths of it, whole ones only."""
HUNDREDS_LESS = frozenset({"MGA"})
"""Two decimals in ISO 4217; Stripe counts whole ones."""


def to_provider(money: Money) -> int:
    """Return an amount as Stripe counts it; what it cannot express is refused, never rounded."""
    if money.minor <= 0:
        raise Refused("Only more than nothing can be charged.")
    if money.currency in SAME:
        return money.minor
    if money.currency in TENS and money.minor % 10 == 0:
        return money.minor
    if money.currency in HUNDREDS_MORE:
        return money.minor * 100
    if money.currency in HUNDREDS_LESS and money.minor % 100 == 0:
        return money.minor // 100
    raise Refused(
        f"{money.minor} {money.currency} cannot be charged at Stripe.",
        hint="Choose an amount without the smallest unit, or another currency for the wallet.",
    )


def from_provider(amount: int, currency: str) -> Money:
    """Return Stripe's amount as money; raise on a currency that we never charge in."""
    code = currency.upper()
    if code in SAME or code in TENS:
        return Money(amount, code)
    if code in HUNDREDS_MORE and amount % 100 == 0:
        return Money(amount // 100, code)
    if code in HUNDREDS_LESS:
        return Money(amount * 100, code)
    raise Refused(f"Stripe speaks of {amount} {code}, which nobody asked for.")
