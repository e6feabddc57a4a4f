"""SEPA: a payment file that a bank takes (pain.001.001.09), and what makes an account number a true one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from edge.errors import Refused

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
CURRENCY = "EUR"
AMOUNT_MINOR_MAX = 99_999_999_999
"""999,999,999.99: the most that one SEPA credit transfer may carry."""
NAME_CHARS_MAX = 70
ID_CHARS_MAX = 35
TRANSFERS_MAX = 10_000
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
SIGNS = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]+")
"""What every bank in SEPA prints (EPC217-08)."""


class Account(NamedTuple):
    """Somebody's account; a BIC is only needed beyond the EEA."""

    name: str
    iban: str
    bic: str = ""


class Transfer(NamedTuple):
    """One payment: its own name for ever, to whom, how much."""

    id: str
    to: Account
    minor: int
    note: str = ""


def iban_of(text: str) -> str:
    """Return an account number without blanks; raise what is wrong with it (ISO 13616, mod 97)."""
    bare = text.replace(" ", "").upper()
    if not IBAN.fullmatch(bare):
        raise Refused("That is no IBAN.", hint="Two letters, two digits, then the account: IT60 X054 …")
    digits = "".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])
    if int(digits) % 97 != 1:
        raise Refused("This IBAN's check digits do not fit.", hint="Compare it with the card or statement.")
    return bare


def bic_of(text: str) -> str:
    """Return a bank's code, or nothing; raise what is wrong with it (ISO 9362)."""
    bare = text.replace(" ", "").upper()
    if bare and not BIC.fullmatch(bare):
        raise Refused("That is no BIC.", hint="It has 8 or 11 letters and digits, or leave it empty.")
    return bare


def plain(text: str) -> str:
    """Return a name or note in signs that every bank prints."""
    told = "".join(sign if SIGNS.fullmatch(sign) else " " for sign in text).strip()
    return " ".join(told.split())[:NAME_CHARS_MAX]


def pain001(id_: str, payer: Account, transfers: Sequence[Transfer], *, now: dt.datetime) -> bytes:
    """Return the file; its count and control sum are those of its transfers."""
    _check(id_, payer, transfers)
    total = _amount(sum(one.minor for one in transfers))
    head = f"<NbOfTxs>{len(transfers)}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
    made = now.replace(microsecond=0).isoformat()
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}"><CstmrCdtTrfInitn>',
        f"<GrpHdr><MsgId>{escape(id_)}</MsgId><CreDtTm>{made}</CreDtTm>{head}",
        f"<InitgPty><Nm>{escape(plain(payer.name))}</Nm></InitgPty></GrpHdr>",
        f"<PmtInf><PmtInfId>{escape(id_)}</PmtInfId><PmtMtd>TRF</PmtMtd>{head}",
        "<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>",
        f"<ReqdExctnDt><Dt>{now.date().isoformat()}</Dt></ReqdExctnDt>",
        f"<Dbtr><Nm>{escape(plain(payer.name))}</Nm></Dbtr>",
        f"<DbtrAcct><Id><IBAN>{payer.iban}</IBAN></Id></DbtrAcct>",
        f"<DbtrAgt><FinInstnId>{_agent(payer)}</FinInstnId></DbtrAgt><ChrgBr>SLEV</ChrgBr>",
        *map(_transfer, transfers),
        "</PmtInf></CstmrCdtTrfInitn></Document>\n",
    ]
    return "".join(parts).encode()


def _check(id_: str, payer: Account, transfers: Sequence[Transfer]) -> None:
    names = [one.id for one in transfers]
    if not 0 < len(transfers) <= TRANSFERS_MAX or len(set(names)) != len(names):
        raise Refused(f"A file carries 1 to {TRANSFERS_MAX} transfers, each once.")
    for name in (id_, *names):
        if not 0 < len(name) <= ID_CHARS_MAX or not SIGNS.fullmatch(name):
            raise Refused(f"{name[:ID_CHARS_MAX]!r} is no name of a transfer.")
    for account in (payer, *(one.to for one in transfers)):
        if iban_of(account.iban) != account.iban or bic_of(account.bic) != account.bic:
            raise Refused("An account is not as it should be written.")
        if not plain(account.name):
            raise Refused("An account needs its owner's name.")
    if any(not 0 < one.minor <= AMOUNT_MINOR_MAX for one in transfers):
        raise Refused("A transfer carries 0.01 to 999999999.99.")


def _transfer(one: Transfer) -> str:
    agent = f"<CdtrAgt><FinInstnId>{_agent(one.to)}</FinInstnId></CdtrAgt>" if one.to.bic else ""
    note = f"<RmtInf><Ustrd>{escape(plain(one.note))}</Ustrd></RmtInf>" if plain(one.note) else ""
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>{escape(one.id)}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{CURRENCY}">{_amount(one.minor)}</InstdAmt></Amt>{agent}'
        f"<Cdtr><Nm>{escape(plain(one.to.name))}</Nm></Cdtr>"
        f"<CdtrAcct><Id><IBAN>{one.to.iban}</IBAN></Id></CdtrAcct>{note}</CdtTrfTxInf>"
    )


def _agent(account: Account) -> str:
    return f"<BICFI>{account.bic}</BICFI>" if account.bic else "<Othr><Id>NOTPROVIDED</Id></Othr>"


def _amount(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"
