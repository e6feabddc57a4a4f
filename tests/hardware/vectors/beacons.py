"""Published advertisements and identities of beacons, restated with the place where each was published."""

from __future__ import annotations

from uuid import UUID

from hardware.ble.frames import (
    AltBeacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    Frame,
    IBeacon,
)

Advert = tuple[str, str, list[Frame]]
_FEAA = "0201060303aafe"

# What it is and where it was published; the advertisement; what is to be read.
ADVERTS: list[Advert] = [
    (
        "iBeacon (citruz/beacontools)",
        "0201061aff4c0002154142434445464748494041424344454600010002f8",
        [IBeacon(UUID("41424344-4546-4748-4940-414243444546"), 1, 2, -8)],
    ),
    (
        "TLM with one octet behind its element (citruz/beacontools)",
        f"{_FEAA}1116aafe20000b1813000000146700002ac4e4",
        [EddystoneTlm(2840, 19.0, 5223, 10948)],
    ),
    (
        "eTLM whose salt and MIC lie behind its element (citruz/beacontools)",
        f"{_FEAA}1116aafe2001414141414141414141414141deadbeff",
        [],
    ),
    (
        "EID (citruz/beacontools)",
        f"{_FEAA}0d16aafe30e34549445f74657374",
        [EddystoneEid(b"EID_test", -29)],
    ),
    (
        "Eddystone of no known kind (citruz/beacontools)",
        f"{_FEAA}1716aafe01e3123456789012346789010000000000010000",
        [],
    ),
    ("an element that ends the list (citruz/beacontools)", "12346789010000000000010000", []),
    (
        "AltBeacon, with a name behind it (AltBeacon/android-beacon-library)",
        "02011a1bff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600050003be020e09526164426561636f6e20555342020a0300",
        [AltBeacon(0x0118, bytes.fromhex("2f234454cf6d4a0fadf2f4911ba9ffa600050003"), -66, 2)],
    ),
    (
        "AltBeacon of a maker nobody knows (AltBeacon/android-beacon-library)",
        "0201061bffaabbbeace2c56db5dffb48d2b060d0f5a71096e000010004c500",
        [AltBeacon(0xBBAA, bytes.fromhex("e2c56db5dffb48d2b060d0f5a71096e000010004"), -59, 0)],
    ),
    (
        "no AltBeacon by its code (AltBeacon/android-beacon-library)",
        "02011a1aff1801ffff2f234454cf6d4a0fadf2f4911ba9ffa600010002c509",
        [],
    ),
    (
        "UID without its two spare octets (AltBeacon/android-beacon-library)",
        f"{_FEAA}1516aafe00e700010203040506070809010203040506000000",
        [EddystoneUid(bytes(range(10)), bytes(range(1, 7)), -25)],
    ),
    (
        "URL with an ending (AltBeacon/android-beacon-library)",
        f"{_FEAA}0d16aafe10e702676f6f676c65000c09526164426561636f6e2047",
        [EddystoneUrl("http://google.com/", -25)],
    ),
    ("URL, power above zero (google/eddystone)", "0303aafe0716aafe10120361", [EddystoneUrl("https://a", 18)]),
]

EID_KEY = "0102030405060708090a111213141516"
EID_K10_T0 = "a9b76a71c5f89290"
"""RadiusNetworks/ephemeral_calc, spec/encryptor_spec.rb."""

# RadiusNetworks/ephemeral_calc, spec/key_pair_spec.rb: private and public key of each side
RESOLVER = (
    "61136adab1bf302f1c49e860196aeefd8fbaa41518b4c226372d6cc469c47278",
    "29769a045dcb811ba3025985b9de91eb9a57dadbceb68a1e6a3c2b1af4868e1f",
)
BEACON = (
    "6ea13b5ef3cc642fd6102c1d85c096b510f56efc488114a4562a987bf4525628",
    "c63e6f89aab47552c8d621a59c81d0af203f6570a4bd7a267a08a17561c8bc2b",
)
AGREED = "f40d6f18e5882260e847e99ca33ac44f"

IRK = "ec0234a357c8ad05341010a60a397d9b"
AH = ("708194", "0dfbaa")
"""Bluetooth Core Specification, Vol. 3 Part H, sample data of ``ah``."""

# Bluetooth-Devices/bluetooth-data-tools, tests/test_privacy.py: key, address, whether it resolves
ADDRESSES = [
    (IRK, "40:01:02:b2:12:da", True),
    (IRK, "7f:ff:fe:7e:0e:08", True),
    ("00" * 16, "40:02:03:d2:74:ce", True),
    ("00" * 16, "00:01:ff:a0:3a:76", False),
    (IRK, "40:01:02:00:00:00", False),
    (IRK, "c0:01:02:b2:12:da", False),
    (IRK, "80:01:02:b2:12:da", False),
]
