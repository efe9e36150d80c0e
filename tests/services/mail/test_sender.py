"""Mail is sent once, whatever happens to those who send it, and none is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.services.mail.smtp_server import Mailbox, serving, text_of
from ticketing.services.mail import sender
from ticketing.services.mail.messages import Letters
from ticketing.services.mail.sender import send, send_due
from ticketing.services.mail.smtp import MailRefused, MailServer, MailServerAway
from ticketing.storage.background import outbox
from ticketing.storage.driver.clients import OPERATION_TIMEOUT_S
from ticketing.storage.driver.units_of_work import until_committed, utc_now

LETTERS = Letters("https://tickets.venue.example", "tickets@venue.example")


@pytest.fixture
def mailbox():
    with serving(Mailbox()) as mailbox:
        yield mailbox


def write(db, to="ada@example.org", kind="known", **known):
    """Put a mail into the outbox."""
    mail = LETTERS.write(kind, "u1", to, **known)

    def work(session):
        outbox.insert(db, mail, utc_now() - timedelta(seconds=1), session)

    until_committed(db, work, seconds=OPERATION_TIMEOUT_S)
    return mail


def make_due(db):
    db.outbox.update_many({"text": {"$exists": True}}, {"$set": {"due_at": utc_now()}})


def left(db):
    return db.outbox.count_documents({"text": {"$exists": True}})


def test_sends_each_mail_once_however_many_send(db, mailbox):
    for number in range(20):
        write(db, f"{number}@example.org")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: send_due(db, LETTERS, MailServer(mailbox.uri)), range(8)))

    assert len(mailbox.taken) == 20
    assert len({message["To"] for message in mailbox.taken}) == 20
    assert left(db) == 0


def test_a_crash_after_the_server_has_a_mail_sends_nothing_twice(db, mailbox, monkeypatch):
    """The mark is made as soon as the server says that it has it, before its good-bye."""
    write(db)

    def killed(connection):
        connection.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("smtplib.SMTP.quit", killed)
    with pytest.raises(KeyboardInterrupt):
        send_due(db, LETTERS, MailServer(mailbox.uri))
    monkeypatch.undo()
    make_due(db)

    send_due(db, LETTERS, MailServer(mailbox.uri))

    assert len(mailbox.taken) == 1


def test_a_crash_before_the_server_has_a_mail_loses_nothing(db, mailbox, monkeypatch):
    write(db)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sender.MailServer, "deliver", killed)
    with pytest.raises(KeyboardInterrupt):
        send_due(db, LETTERS, MailServer(mailbox.uri), lease_s=0.1)
    monkeypatch.undo()
    threading.Event().wait(0.2)

    send_due(db, LETTERS, MailServer(mailbox.uri))

    assert len(mailbox.taken) == 1


def test_a_mail_that_is_sent_again_has_its_number(db, mailbox, monkeypatch):
    """Killed between the server's word and the mark: mailboxes tell the copy by it."""
    mail = write(db)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "finish", killed)
    with pytest.raises(KeyboardInterrupt):
        send_due(db, LETTERS, MailServer(mailbox.uri))
    monkeypatch.undo()
    make_due(db)

    send_due(db, LETTERS, MailServer(mailbox.uri))

    numbers = [message["Message-ID"] for message in mailbox.taken]
    assert numbers == [f"<{mail.id}@venue.example>"] * 2


def test_waits_for_a_server_that_is_down_and_loses_nothing(db):
    mailbox = Mailbox()
    for number in range(3):
        write(db, f"{number}@example.org")

    for _ in range(3):
        send_due(db, LETTERS, MailServer(mailbox.uri))
        make_due(db)
    assert left(db) == 3

    with serving(mailbox):
        send_due(db, LETTERS, MailServer(mailbox.uri))
    assert len(mailbox.taken) == 3


def test_tries_a_server_that_is_down_at_growing_intervals(db):
    write(db)
    pauses = []
    for _ in range(7):
        make_due(db)
        send_due(db, LETTERS, MailServer("smtp://127.0.0.1:1"))
        pauses.append((db.outbox.find_one()["due_at"] - utc_now()).total_seconds())

    rounded = [round(pause / 2) * 2 for pause in pauses]
    assert rounded == [2, 4, 8, 16, 32, 60, 60]


def test_leaves_a_server_that_is_down_alone_with_the_rest(db):
    for number in range(3):
        write(db, f"{number}@example.org")

    send_due(db, LETTERS, MailServer("smtp://127.0.0.1:1"))

    assert sorted(mail["attempts"] for mail in db.outbox.find()) == [0, 0, 1]


def test_tries_again_what_the_server_does_not_want_now(db, mailbox):
    mailbox.refusals.append("450 Later")
    write(db)

    send_due(db, LETTERS, MailServer(mailbox.uri))
    make_due(db)
    send_due(db, LETTERS, MailServer(mailbox.uri))

    assert (len(mailbox.taken), left(db)) == (1, 0)


def test_gives_up_what_the_server_never_takes_and_sends_the_rest(db, mailbox, capsys):
    mailbox.refusals.append("550 No such user")
    write(db, "nobody@example.org")
    write(db, "ada@example.org")

    send_due(db, LETTERS, MailServer(mailbox.uri))

    assert [message["To"] for message in mailbox.taken] == ["ada@example.org"]
    assert left(db) == 0
    assert "nobody@example.org" not in capsys.readouterr().out


def test_forgets_whom_a_mail_went_to_and_what_it_said(db, mailbox):
    write(db)

    send_due(db, LETTERS, MailServer(mailbox.uri))

    (document,) = db.outbox.find()
    assert document.keys() == {
        "_id", "kind", "user", "created_at", "due_at", "attempts", "done_at"
    }  # fmt: skip


def test_sends_beside_the_requests_until_it_is_stopped(db, mailbox, monkeypatch):
    monkeypatch.setattr(sender, "PAUSE_S", 0.01)
    stop = threading.Event()
    thread = threading.Thread(target=send, args=[db, LETTERS, MailServer(mailbox.uri), stop])
    thread.start()
    write(db)
    while not mailbox.taken:
        threading.Event().wait(0.01)
    stop.set()
    thread.join(20)

    assert not thread.is_alive()


def test_shows_a_password_to_no_server_without_tls(db, monkeypatch):
    """But on this machine, where nobody listens in."""
    mailbox = Mailbox()
    with serving(mailbox):
        monkeypatch.setattr("ticketing.services.mail.smtp._LOOPBACK", set())
        server = MailServer(mailbox.uri.replace("//", "//name:secret@"))
        with pytest.raises(MailServerAway, match="TLS"):
            server.deliver(LETTERS.message(write(db)), lambda: None)


def test_refuses_an_address_that_the_server_can_not_write(db, mailbox, monkeypatch):
    monkeypatch.setattr("smtplib.SMTP.has_extn", lambda *_: False)
    mail = write(db, "m\u00fcller@example.org")

    with pytest.raises(MailRefused, match="SMTPUTF8"):
        MailServer(mailbox.uri).deliver(LETTERS.message(mail), lambda: None)


@pytest.mark.parametrize("kind", ["verify", "known", "reset", "address", "leaving"])
def test_every_letter_reads_as_written(kind):
    mail = LETTERS.write(kind, "u1", "ada@example.org", "the-code", new="new@example.org")

    assert mail.subject
    assert "$" not in mail.text
    assert "ada@example.org" in mail.text
    assert text_of(LETTERS.message(mail)).strip() == mail.text.strip()
    if kind in ("verify", "reset", "address"):
        assert "https://tickets.venue.example/" in mail.text
        assert "?code=the-code" in mail.text
