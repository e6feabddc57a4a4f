"""Published values of NFC cryptography, restated with the place where each was published."""

from __future__ import annotations

from dataclasses import dataclass

SDM_BACKEND = "nfc-developer/sdm-backend, its tests at b459ca1 (captured chips)"
ZERO = "00" * 16


@dataclass(frozen=True)
class SunLink:
    """A link's parameters, the keys of its band, and what a checker must say."""

    source: str
    query: str
    meta_key: str | None
    file_key: str
    mac_over: str
    valid: bool = True
    uid: str = ""
    counter: int = -1
    file: str = ""
    lrp: bool = False


RFC4493_KEY = "2b7e151628aed2a6abf7158809cf4f3c"
# RFC 4493, section 4
AES_CMAC = [
    ("", "bb1d6929e95937287fa37d129b756746"),
    ("6bc1bee22e409f96e93d7e117393172a", "070a16b46b4d4144f79bdd9dd04a287c"),
    (
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        "51f0bebf7e3b9d92fc49741779363cfe",
    ),
]

# NXP AN12304, message authentication by LRP: key, message, MAC
LRP_CMAC = [
    ("63A0169B4D9FE42C72B2784C806EAC21", "", "0E07C601970814A4176FDA633C6FC3DE"),
    ("8195088CE6C393708EBBE6C7914ECB0B", "BBD5B85772C7", "AD8595E0B49C5C0DB18E77355F5AAFF6"),
    ("E7FEB463C2498E04EFC5BF503473FC3A", "F3EFB6B0D4A7", "C17AA38420EE2AA13087578CFBB0B7F3"),
    ("7860B864632C6C8BC9A4C06D49D7E2AE", "DC7F", "59D3D3A4307A3BBD8E8E5F4B8E75510D"),
    ("A418BA1658A6F0D90830C58679F80AC4", "06", "FF9561CC6E45FFFD4388003AA5F61233"),
    ("C960E0C80D89728D1FF952EFF5B83FEE", "21", "4EBEE65E5DD0C30F89C8ED49A3D2BF32"),
    ("57A2DD3D6DAB16AFC1D07B277664ED82", "D2D728DE057B3E", "DBDEC069CF2B46450CEFB34FFD80D840"),
    ("DD315EE3E236161FB777CAC2EC8A29C7", "469CCC", "E45A7903A8B9B0366309BB11A451E244"),
]

SUN = [
    SunLink(
        source="NXP AN12196, PICC data mirrored encrypted, no file data",
        query="picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086",
        meta_key=ZERO,
        file_key=ZERO,
        mac_over="nothing",
        uid="04de5f1eacc040",
        counter=61,
    ),
    SunLink(
        source="NXP AN12196, with encrypted file data",
        query="picc_data=FD91EC264309878BE6345CBE53BADF40&enc=CEE9A53E3E463EF1F459635736738962"
        "&cmac=ECC1E7F6C6C73BF6",
        meta_key=ZERO,
        file_key=ZERO,
        mac_over="file_and_name",
        uid="04958caa5c5e80",
        counter=8,
        file="78" * 16,
    ),
    SunLink(
        source=SDM_BACKEND,
        query="uid=041E3C8A2D6B80&ctr=000006&cmac=4B00064004B0B3D3",
        meta_key=None,
        file_key=ZERO,
        mac_over="nothing",
        uid="041e3c8a2d6b80",
        counter=6,
    ),
    SunLink(
        source=f"{SDM_BACKEND}, tampered",
        query="uid=041E3C8A2D6B80&ctr=000006&cmac=AB00064004B0B3AB",
        meta_key=None,
        file_key=ZERO,
        mac_over="nothing",
        valid=False,
    ),
    SunLink(
        source=f"{SDM_BACKEND}, keys of its own derivation",
        query="picc_data=4F5B914723915D456C038FE658686CD5&enc=5CE7DCDEA93F5DA7AAA0AADC97485ABF"
        "&cmac=FFCD8DE82AD05289",
        meta_key="c3b653d8484d82fd9d5dc48840e1f94e",
        file_key="97d1c3d765bc22ab707e80723e17b126",
        mac_over="file",
        uid="047d5f2aaa6180",
        counter=2,
        file="43430461616161454545454545454545",
    ),
    SunLink(
        source=f"{SDM_BACKEND}, LRP with file data",
        query="picc_data=07D9CA2545881D4BFDD920BE1603268C0714420DD893A497"
        "&enc=D6E921C47DB4C17C56F979F81559BB83&cmac=F9481AC7D855BDB6",
        meta_key=ZERO,
        file_key=ZERO,
        mac_over="file_and_name",
        uid="049b112a2f7080",
        counter=4,
        file=b"NTXXb7dz3PsYYBlU".hex(),
        lrp=True,
    ),
    SunLink(
        source=f"{SDM_BACKEND}, LRP without file data",
        query="picc_data=1FCBE61B3E4CAD980CBFDD333E7A4AC4A579569BAFD22C5F&cmac=4231608BA7B02BA9",
        meta_key=ZERO,
        file_key=ZERO,
        mac_over="nothing",
        uid="04940e2a2f7080",
        counter=3,
        lrp=True,
    ),
]

# NXP AN12196 rev 2.0, table 14: AuthenticateEV2First with key 0 of zeros
EV2_FIRST = {
    "command_1": "9071000002000000",
    "answer_1": "A04C124213C186F22399D33AC2A3021591AF",
    "rnd_a": "13c5db8a5930439fc3def9a4c675360f",
    "command_2": "90AF00002035C3E05A752E0144BAC0DE51C1F22C56B34408A23D8AEA266CAB947EA8E0118D00",
    "answer_2": "3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F081206639100",
    "ti": "9d00c4df",
    "enc": "1309c877509e5a215007ff0ed19ca564",
    "mac": "4c6626f5e72ea694202139295c7a7fc7",
}
# NXP AN12196 rev 2.0, table 23: session keys with key 0 of zeros
EV2_SESSION = {
    "rnd_a": "60be759eda560250ac57cddc11743cf6",
    "rnd_b": "6924e8d09722659a2e7dec68e66312b8",
    "enc": "4cf3cb41a22583a61e89b158d252fc53",
    "mac": "5529860b2fc5fb6154b7f28361d30bf9",
}

AN10922_MESSAGE = "04782e21801d803042f54e585020416275"
"""UID, application 3042F5, and "NXP Abu" in ASCII."""
# NXP AN10922: master, band's key
AN10922 = [
    ("00112233445566778899AABBCCDDEEFF", "A8DD63A3B89D54B37CA802473FDA9175"),
    (
        "00112233445566778899AABBCCDDEEFF0102030405060708",
        "CE39C8E1CD82D9A7BEDBE9D74AF59B23176755EE7586E12C",
    ),
]

# nfcpy, tests/test_tag_tt3_sony.py at 8a19526: written to the card or read from it, MAC
FELICA_MAC = [(False, "0b1268d7a4ac6932"), (True, "18cdd33c0fb25dd7")]

# NXP AN12196, ChangeKey of another key than the session's: the new key and its CRC32 as it is sent
CHANGE_KEY = {"new": "F3847D627727ED3BC9C4CC050489B966", "crc": "789DFADC"}

# Signatures of NXP over identifiers: samples of proxmark3 (tools/recover_pk.py), NXP AN12196 table 30; the
# refused ones have another identifier
ORIGINALITY = [
    (
        "04494E1A386D3D3CFE3DC10E5DE68A499B1C202DB5B132393E89ED19FE5BE8BC61",
        "04E10CDA993C80",
        "8B76052EE42F5567BEB53238B3E3F9950707C0DCC956B5C5EFCFDB709B2D82B3",
        True,
    ),
    (
        "04494E1A386D3D3CFE3DC10E5DE68A499B1C202DB5B132393E89ED19FE5BE8BC61",
        "04DB0BDA993C80",
        "6048EFD9417CD10F6B7F1818D471A7FE5B46868D2EABDC6307A1E0AAE139D8D0",
        True,
    ),
    (
        "04494E1A386D3D3CFE3DC10E5DE68A499B1C202DB5B132393E89ED19FE5BE8BC61",
        "04E10CDA993C81",
        "8B76052EE42F5567BEB53238B3E3F9950707C0DCC956B5C5EFCFDB709B2D82B3",
        False,
    ),
    (
        "0490933BDCD6E99B4E255E3DA55389A827564E11718E017292FAF23226A96614B8",
        "04C1285A373080",
        "CEA2EB0B3C95D0844A95B824A7553703B3702378033BF0987899DB70151A19E7",
        True,
    ),
    (
        "048A9B380AF2EE1B98DC417FECC263F8449C7625CECE82D9B916C992DA209D68422B81EC20B65A66B5102A61596AF3379200599316A00A1410",
        "04518DFAA96180",
        "D1940D17CFEDA4BFF80359AB975F9F6514313E8F90C1D3CAAF5941AD744A1CDF9A83F883CAFE0FE95D1939B1B7E47113993324473B785D21",
        True,
    ),
    (
        "048A9B380AF2EE1B98DC417FECC263F8449C7625CECE82D9B916C992DA209D68422B81EC20B65A66B5102A61596AF3379200599316A00A1410",
        "12345678901234",
        "D1940D17CFEDA4BFF80359AB975F9F6514313E8F90C1D3CAAF5941AD744A1CDF9A83F883CAFE0FE95D1939B1B7E47113993324473B785D21",
        False,
    ),
    (
        "04DC34DAA903F2726A6225B11C692AF6AB4396575CA12810CBBCE3F781A097B3833B50AB364A70D9C2B641A728A599AE74",
        "041BC1D2F31B90",
        "FB5CF8F1B3CC39984BCA54A50FCF47ACFDC8C969010C1F4599554AF9A8E4F2B8371524855E45AD7EE71179A660D27667",
        True,
    ),
]
