from dataclasses import replace

from alos.ledger.keys import KeyChange, get_trusted, sign_change
from alos.ledger.note import SigningKey

FIRST, SECOND, THIRD = (SigningKey("alos/test", name * 32) for name in (b"1", b"2", b"3"))
CHANGES = [sign_change(FIRST, SECOND.verify_key), sign_change(SECOND, THIRD.verify_key)]


def test_an_announcement_reads_back_from_its_facts() -> None:
    for change in (*CHANGES, KeyChange(key=FIRST.verify_key)):
        assert KeyChange.from_facts(change.to_facts()) == change


def test_trust_in_a_key_reaches_all_that_follow_it_whatever_their_order() -> None:
    keys = [FIRST.verify_key, SECOND.verify_key, THIRD.verify_key]
    assert get_trusted(keys[:1], CHANGES) == keys
    assert get_trusted(keys[:1], CHANGES[::-1]) == keys
    assert get_trusted(keys[1:2], CHANGES) == keys[1:]


def test_a_key_that_nobody_vouches_for_is_not_trusted() -> None:
    lost = KeyChange(key=THIRD.verify_key)
    forged = replace(CHANGES[0], signature=bytes(64))
    assert get_trusted([FIRST.verify_key], [lost, forged]) == [FIRST.verify_key]


def test_a_key_of_another_ledger_vouches_for_nothing() -> None:
    stranger = SigningKey("other", b"s" * 32)
    assert not sign_change(stranger, SECOND.verify_key).is_vouched
