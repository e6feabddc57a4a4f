"""The link of a mail takes back what that mail was sent by: at once, for ever, and nothing else."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from edge.core.consent import Channel, Purpose, may
from edge.errors import Refused
from sync.central.app import create_app
from sync.central.own.words import LANGUAGES, words
from sync.central.people import aliases, unsubscribing
from sync.central.people.unsubscribing import Mailed, NoMail
from sync.central.privacy.erasure import erase
from sync.central.registry import consents
from sync.central.settings import Settings
from sync.central.store import Store, func, select
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import ORIGIN
from tests.sync.people.folk import Folk

MAIL = "offers:behaviour@email"
SAID = ("offers", "offers:behaviour", "offers:interest", "offers@email", MAIL, "offers@app", "research")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Reader:
    """Somebody who reads a mail, and the program that they read it in."""

    def __init__(self, store: Store, clock: Clockwork) -> None:
        self.folk, self.store, self.clock = Folk(store, clock), store, clock
        self.http = create_app(store, Settings()).test_client()
        for topic in SAID:
            self.says("ada", topic, given=True)

    def says(self, guest: str, topic: str, *, given: bool) -> None:
        self.clock.ms += 1
        with self.store.transaction() as tx:
            said = consents.Consent(purpose=topic, turns=0, since_ms=self.clock.ms, source="app")
            consents.say(tx, SITE, guest, wanted=said, given=given)

    def word(self, guest: str = "ada", topic: str = MAIL) -> str:
        with self.store.transaction() as tx:
            return unsubscribing.word(tx, Mailed(SITE, guest, topic))

    def presses(self, word: str, **said: str) -> TestResponse:
        return self.http.post(f"/own/unsubscribe?t={word}", data=ONE_CLICK, headers=said)

    def reaches(self, guest: str = "ada") -> bool:
        with self.store.reading() as tx:
            said = consents.consents_of(tx, SITE, [guest]).get(guest, ())
        return may(said, Purpose.OFFERS, "behaviour", channel=Channel.EMAIL)


@pytest.fixture
def reader(sealed_store: Store, clock: Clockwork) -> Reader:
    return Reader(sealed_store, clock)


def test_one_press_of_a_mail_program_takes_back_that_and_nothing_else_however_often(reader: Reader) -> None:
    word = reader.word()
    assert reader.reaches()
    for _ in range(2):
        answer = reader.presses(word)
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
        assert reader.folk.allows("ada") == set(SAID) - {MAIL}
        assert not reader.reaches()
    reader.says("ada", MAIL, given=True)
    assert reader.reaches(), "they may change their mind"
    reader.presses(word)
    assert not reader.reaches(), "and the old mail still says no"


def test_the_mail_says_how_in_its_head(reader: Reader) -> None:
    word = reader.word()
    said = unsubscribing.headers("https://central.example", word)
    assert said == {
        "List-Unsubscribe": f"<https://central.example/own/unsubscribe?t={word}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert all(len(line) < 500 and line.isascii() for line in said.values())


def test_whoever_only_looks_takes_nothing_back_and_is_asked_in_their_language(reader: Reader) -> None:
    word = reader.word()
    for language in LANGUAGES:
        answer = reader.http.get(f"/own/unsubscribe?t={word}", headers={"Accept-Language": language})
        assert words(language)("unsubscribe.line") in answer.text
        assert word in answer.text
    assert reader.reaches()
    assert reader.presses(word, **ORIGIN).status_code == 200, "the button of that page"
    assert not reader.reaches()


def test_a_page_of_another_site_presses_nothing(reader: Reader) -> None:
    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert reader.presses(reader.word(), **foreign).status_code == 403
    assert reader.reaches()


def test_a_word_holds_for_all_who_are_one_and_is_harmless_after_an_erasure(reader: Reader) -> None:
    for topic in SAID:
        reader.says("bea", topic, given=True)
    word = reader.word("bea")
    reader.folk.merges("bea", "ada")
    assert reader.presses(word).status_code == 200
    assert not reader.reaches("ada")
    with reader.store.transaction() as tx:
        erase(tx, SITE, "bea")
    assert reader.presses(word).status_code == 200
    with reader.store.reading() as tx:
        assert not consents.consents_of(tx, SITE, ["bea"])


def test_a_word_that_was_changed_says_nothing_else(reader: Reader) -> None:
    word, other = reader.word(), reader.word(topic="offers@email")
    crossed = f"{word.partition('.')[0]}.{other.partition('.')[2]}"
    changed = [word[:at] + ("A" if word[at] != "A" else "B") + word[at + 1 :] for at in range(len(word))]
    with reader.store.reading() as tx:
        mailed, refused = unsubscribing.read(tx, word), 0
        for spoken in (crossed, *changed):
            try:
                # The last sign of base64 holds bits that say nothing.
                assert unsubscribing.read(tx, spoken) == mailed
            except NoMail:
                refused += 1
    assert refused >= len(changed) - 1


def test_nobodys_word_is_refused_and_leaves_nothing(reader: Reader) -> None:
    other = unsubscribing.PATH
    for word in ("", "x", "x.y", "....", "A" * 5_000, reader.word().partition(".")[0], other):
        for answer in (reader.presses(word), reader.http.get(f"/own/unsubscribe?t={word}")):
            assert answer.status_code == 404, word
            assert "takes nothing back" in answer.text
    with reader.store.reading() as tx:
        assert tx.execute(select(func.count()).select_from(aliases.key_table)).scalar_one() == 1
    assert reader.reaches()


def test_a_mail_is_sent_by_a_channel(reader: Reader) -> None:
    with reader.store.transaction() as tx, pytest.raises(Refused):
        unsubscribing.word(tx, Mailed(SITE, "ada", "offers"))
