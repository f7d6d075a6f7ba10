import pytest

from alos.ledger.checkpoint import (
    Checkpoint,
    open_checkpoint,
    parse_checkpoint,
    read_checkpoint,
    sign_checkpoint,
    split_checkpoints,
)
from alos.ledger.note import NoteMalformedError, SignatureBadError, SigningKey, sign_note

KEY = SigningKey("alos/test", b"k" * 32)
HEAD = Checkpoint(origin="alos/test", size=7, root=b"r" * 32, signed_at_unix_ns=1_795)
ROOT = "cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI="


def test_a_checkpoint_is_written_as_the_format_says() -> None:
    note = sign_checkpoint(HEAD, KEY)
    assert note.startswith(f"alos/test\n7\n{ROOT}\nalos.time 1795\n\n— alos/test ")
    assert note.count("\n") == 6


def test_a_checkpoint_reads_back_with_who_signed_it() -> None:
    note = sign_checkpoint(HEAD, KEY)
    assert open_checkpoint(note, [KEY.verify_key]) == (HEAD, (KEY.verify_key,))
    assert open_checkpoint(note, []) == (HEAD, ())
    assert read_checkpoint(note) == HEAD


def test_a_checkpoint_of_another_log_needs_no_time() -> None:
    found = parse_checkpoint(f"example.com/log\n0\n{ROOT}\nsome extension\n")
    assert found == Checkpoint(
        origin="example.com/log", size=0, root=b"r" * 32, extensions=("some extension",)
    )


def test_a_key_of_another_name_does_not_count() -> None:
    other = SigningKey("witness", b"w" * 32)
    note = sign_checkpoint(HEAD, other)
    assert open_checkpoint(note, [other.verify_key]) == (HEAD, ())


def test_a_changed_size_does_not_open() -> None:
    note = sign_checkpoint(HEAD, KEY).replace("\n7\n", "\n8\n")
    with pytest.raises(SignatureBadError):
        open_checkpoint(note, [KEY.verify_key])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alos/test\n7\n",
        f"alos/test\n07\n{ROOT}\n",
        f"alos/test\n-7\n{ROOT}\n",
        f"alos/test\n7.0\n{ROOT}\n",
        f"alos/test\n\u0667\n{ROOT}\n",
        "alos/test\n7\nAAAA\n",
        f"alos/test\n7\n{ROOT.rstrip('=')}\n",
        f"alos/test\n7\n{ROOT}\n\nextension\n",
        f"\n7\n{ROOT}\n",
        f"alos/test\n7\n{ROOT}",
        f"alos/test\n7\n{ROOT}\nalos.time soon\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteMalformedError):
        parse_checkpoint(text)


def test_a_checkpoint_that_could_not_be_read_back_is_not_signed() -> None:
    with pytest.raises(NoteMalformedError):
        sign_checkpoint(Checkpoint(origin="two\nlines", size=1, root=bytes(32)), KEY)


def test_checkpoints_written_one_after_another_come_apart_again() -> None:
    notes = [
        sign_checkpoint(Checkpoint(origin="alos/test", size=size, root=bytes(32)), KEY)
        for size in (1, 2, 3)
    ]
    two = sign_note("alos/test\n4\n" + ROOT + "\n", KEY, SigningKey("w", b"w" * 32))
    assert list(split_checkpoints("".join([*notes, two]))) == [*notes, two]
    assert list(split_checkpoints("\n".join(notes))) == notes
    assert list(split_checkpoints("")) == []


@pytest.mark.parametrize("cut", [1, 20, 80, 120])
def test_a_checkpoint_that_is_only_begun_is_left_out(cut: int) -> None:
    whole = sign_checkpoint(HEAD, KEY)
    assert list(split_checkpoints(whole + whole[:cut])) == [whole]
    assert list(split_checkpoints(whole + whole[:-1])) == [whole]
