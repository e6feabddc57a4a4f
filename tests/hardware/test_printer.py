"""Receipt printers: the bytes of each profile, accents and the euro, no slip lost unseen."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

pytest.importorskip("escpos", reason="pip install -e '.[printer]'")

from hardware.port import DeviceError, NotPrinted, PaperFault, Slip, SlipRow
from hardware.printer import EscposPrinter, Socket, build, composed, rows_of
from hardware.virtual.printer import Paper

SLIP = Slip(
    rows=(
        SlipRow("Bar del Lago", centred=True, strong=True),
        SlipRow("2 x Caffè", "3,00 €"),
        SlipRow(rule=True),
        SlipRow("Totale", "3,00 €", big=True),
    ),
    code="https://edge/q/abc",
)
GOLDEN = {"default": 42, "TM-T88V": 42, "TM-T20II": 48, "NT-5890K": 32, "simple": 42}
"""Columns of each profile whose bytes are kept."""
FOLDER = Path(__file__).parent / "slips"


def a_printer(**changes: object) -> tuple[EscposPrinter, Paper]:
    paper = Paper()
    profile, asks = str(changes.get("profile", "default")), bool(changes.get("asks", True))
    return EscposPrinter("bar", paper, profile=profile, asks=asks), paper


@pytest.mark.parametrize("profile", GOLDEN)
def test_the_bytes_of_a_slip_are_those_that_were_looked_at(profile: str) -> None:
    assert composed(SLIP, profile).hex(" ") == (FOLDER / f"{profile}.hex").read_text().strip()


def test_what_is_printed_reads_as_it_was_meant() -> None:
    printer, paper = a_printer()
    printer.print(SLIP)
    (slip,) = paper.slips
    assert slip.text.splitlines() == [
        "Bar del Lago",
        "2 x Caffè                           3,00 €",
        "-" * 42,
        "Totale         3,00 €",
    ]
    assert (slip.code, slip.rows[3].big, slip.rows[0].centred, slip.rows[0].strong) == (
        SLIP.code,
        True,
        True,
        True,
    )


@pytest.mark.parametrize("text", ["àèéìòù ÄÖÜäöüß ñ¿¡ çœ €", "Łódź őű ţ", "Ελλάδα"])
def test_letters_of_europe_come_out_by_switching_code_pages(text: str) -> None:
    printer, paper = a_printer()
    printer.print(Slip(rows=(SlipRow(text),)))
    assert paper.slips[0].text == text


def test_a_printer_with_one_page_writes_in_plain_letters_what_it_does_not_know() -> None:
    row = "Perché".ljust(34) + "4,20 EUR"
    assert row in composed(Slip(rows=(SlipRow("Perché", "4,20 €"),)), "simple").decode("cp437")
    assert b"?" not in composed(Slip(rows=(SlipRow("ő ź"),)), "simple")


@pytest.mark.parametrize(
    ("switch", "fault"),
    [("plugged", PaperFault.LOST), ("loaded", PaperFault.PAPER_OUT), ("closed", PaperFault.COVER_OPEN)],
)
def test_a_slip_that_cannot_come_out_is_told_and_nothing_is_sent(switch: str, fault: PaperFault) -> None:
    printer, paper = a_printer()
    setattr(paper, switch, False)
    with pytest.raises(NotPrinted) as caught:
        printer.print(SLIP)
    assert (caught.value.fault, bool(caught.value.hint)) == (fault, True)
    assert printer.fault() is fault
    setattr(paper, switch, True)
    assert printer.fault() is None
    assert not paper.slips
    printer.print(SLIP)
    assert len(paper.slips) == 1


def test_a_roll_that_ends_within_a_slip_is_told() -> None:
    class Ending(Paper):
        """Its roll ends when the text comes."""

        def send(self, data: bytes) -> None:
            """Take questions, and run out at the first row."""
            self.loaded = self.loaded and len(data) < 10
            super().send(data)

    printer = EscposPrinter("bar", Ending())
    with pytest.raises(NotPrinted) as caught:
        printer.print(SLIP)
    assert caught.value.fault is PaperFault.PAPER_OUT


def test_the_drawer_opens_without_paper_but_not_without_a_cable() -> None:
    printer, paper = a_printer()
    paper.loaded = False
    printer.open_drawer()
    assert paper.drawer_opened == 1
    paper.plugged = False
    with pytest.raises(NotPrinted):
        printer.open_drawer()


def test_a_slip_can_open_the_drawer() -> None:
    printer, paper = a_printer()
    printer.print(Slip(rows=(), open_drawer=True))
    assert paper.drawer_opened == 1


def test_a_printer_that_tells_nothing_of_itself_is_believed() -> None:
    class Mute(Paper):
        """It never answers."""

        def answer(self, wait_s: float) -> None:
            """Say nothing."""

    with pytest.raises(NotPrinted):
        EscposPrinter("bar", Mute()).print(SLIP)
    paper = Mute()
    EscposPrinter("bar", paper, asks=False).print(SLIP)
    assert len(paper.slips) == 1


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (SlipRow("a long name of a thing", "1,00"), ["a long name", "of a thing  1,00"]),
        (SlipRow("left"), ["left"]),
        (SlipRow("", "right"), ["           right"]),
        (SlipRow("name", "a very long right"), ["name", "a very long right"]),
        (SlipRow(rule=True), ["-" * 16]),
        (SlipRow("in the middle of it all", centred=True), ["in the middle of", "it all"]),
        (SlipRow("two long words", ""), ["two long words"]),
        (SlipRow("two very long words", ""), ["two very long", "words"]),
    ],
)
def test_rows_break_at_words_and_amounts_stay_right(row: SlipRow, lines: list[str]) -> None:
    assert list(rows_of(row, 16)) == lines


def test_a_printer_on_the_network_is_asked_and_printed_on() -> None:
    """A real socket: the paper answers behind it."""
    paper = Paper()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as line:
            while data := line.recv(4_096):
                paper.send(data)
                while (told := paper.answer(0)) is not None:
                    line.sendall(bytes([told]))

    thread = threading.Thread(target=serve)
    thread.start()
    printer = build("bar", {"host": "127.0.0.1", "port": listener.getsockname()[1]})
    printer.print(SLIP)
    printer.close()
    thread.join(5)
    assert paper.slips[0].code == SLIP.code


def test_a_printer_that_is_not_there_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    printer = EscposPrinter("bar", Socket("127.0.0.1", port))
    assert printer.fault() is PaperFault.LOST
    with pytest.raises(NotPrinted, match="bar: lost"):
        printer.print(SLIP)


def test_a_device_file_is_written_to_and_read_from() -> None:
    import os
    import pty

    ours, theirs = pty.openpty()
    printer = build("bar", {"path": os.ttyname(theirs), "asks": False})
    printer.open_drawer()
    assert os.read(ours, 64).startswith(b"\x1bp")
    asking = build("bar", {"path": os.ttyname(theirs)})
    os.write(ours, b"\x12\x12")
    assert asking.fault() in (None, PaperFault.LOST)
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize(
    ("settings", "why"), [({}, "neither host nor path"), ({"profile": "x"}, "no profile")]
)
def test_a_wrong_setting_is_said(settings: dict[str, str], why: str) -> None:
    with pytest.raises(DeviceError, match=why) as caught:
        build("bar", settings)
    assert caught.value.hint
