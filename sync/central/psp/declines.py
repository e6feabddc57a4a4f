"""Declines: which of a card network's words close a credential for ever, and which only say not now."""

from __future__ import annotations

from sync.central.psp.port import REASON_CHARS_MAX, Answer

EXPIRED = "expired_card"
GUEST = frozenset(
    {"authentication_required", "authentication_not_handled", "setup_intent_authentication_failure"}
)
HARD = frozenset(
    {
        EXPIRED,
        "card_not_supported",
        "currency_not_supported",
        "fraudulent",
        "incorrect_number",
        "invalid_account",
        "invalid_number",
        "lost_card",
        "merchant_blacklist",
        "new_account_information_available",
        "payment_method_provider_decline",
        "pickup_card",
        "restricted_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "security_violation",
        "stolen_card",
        "stop_payment_order",
    }
)


def card_answer(code: str, decline_code: str) -> tuple[Answer, str]:
    """Return what a decline means for the credential, and the word that says why."""
    words = (decline_code, code)
    reason = (decline_code or code or "declined")[:REASON_CHARS_MAX]
    if any(word in GUEST for word in words):
        return Answer.GUEST_NEEDED, "authentication_required"
    hard = any(word in HARD for word in words)
    return (Answer.DECLINED_HARD if hard else Answer.DECLINED_SOFT), reason
