"""Slow clients are told so and let go; a gateway that stops gives running streams ten seconds."""

from alos.domain.record import NoteKind, Outcome
from tests.e2e.http_client import read_answer
from tests.e2e.patience import STRANGERS, Patience


def test_headers_that_drip_get_408_in_about_ten_seconds(patience: Patience) -> None:
    head, _ = patience.dripped.result(60)
    assert read_answer(head.raw).status == 408
    assert 8 < head.seconds < 13


def test_a_body_that_stalls_gets_408_in_about_twenty_seconds(patience: Patience) -> None:
    _, body = patience.dripped.result(60)
    assert read_answer(body.raw).status == 408
    assert 15 < body.seconds < 25


def test_a_gateway_told_to_stop_ends_well_within_its_grace(patience: Patience) -> None:
    stopped = patience.stopped.result(60)
    assert stopped.status == 0
    assert stopped.seconds < 14
    assert not stopped.has_socket
    assert "Traceback" not in stopped.log


def test_a_stream_that_ends_within_the_grace_ends_as_if_nothing_were(patience: Patience) -> None:
    stopped = patience.stopped.result(60)
    assert stopped.short.body.endswith(b"data: [DONE]\n\n")
    assert b"error" not in stopped.short.body
    assert stopped.journal.by_call[stopped.short.call].outcome is Outcome.ANSWERED


def test_a_stream_that_outlives_the_grace_is_cut_and_recorded(patience: Patience) -> None:
    stopped = patience.stopped.result(60)
    assert not stopped.long.is_whole or b'"error"' in stopped.long.body
    entry = stopped.journal.by_call[stopped.long.call]
    assert entry.outcome in {Outcome.CUT, Outcome.CLIENT_GONE}
    assert entry.answer_bytes > 0
    assert stopped.journal.list_open() == set()


def test_strangers_are_recorded_up_to_a_rate_and_then_counted(patience: Patience) -> None:
    journal = patience.stopped.result(60).journal
    counted = [dict(note.facts)["counted"] for note in journal.get_notes(NoteKind.ANONYMOUS)]
    own = [entry for entry in journal.closings if entry.key_id is None]
    assert len(own) + sum(map(int, counted)) == STRANGERS
    assert len(own) <= 20, "ten in any one minute, and the test may meet the turn of one"
