from alos.checks.base import Finding, Pack, Trigger
from alos.checks.catalogue import build_scanner


def _finding(start: int, end: int, rule: str, confidence: float) -> Finding:
    return Finding(
        kind="secret", type="word", start=start, end=end, rule=rule, confidence=confidence
    )


def _pack(expression: str, confidence: float = 0.9) -> Pack:
    def confirm(text: str, start: int, end: int) -> Finding:
        assert 0 <= start < end <= len(text)
        return _finding(start, end, expression, confidence)

    trigger = Trigger(rule=expression, expression=expression, confirm=confirm)
    return Pack(name=expression, digest=expression, triggers=(trigger,))


def test_a_clean_text_has_no_findings() -> None:
    assert build_scanner([_pack("token")]).scan("nothing to see") == ()


def test_offsets_are_characters_even_after_wide_characters_and_lone_surrogates() -> None:
    text = "é漢😀\ud800 token, dann 漢 token"
    found = build_scanner([_pack("token")]).scan(text)
    assert [text[one.start : one.end] for one in found] == ["token", "token"]


def test_the_more_confident_of_two_overlapping_findings_stays() -> None:
    scanner = build_scanner([_pack("abc", 0.5), _pack("bcdef", 0.9), _pack("fgh", 0.7)])
    assert [one.rule for one in scanner.scan("..abcdefgh..")] == ["bcdef"]


def test_the_digest_changes_with_the_rules() -> None:
    one, other = build_scanner([_pack("token")]), build_scanner([_pack("tokens")])
    assert one.digest != other.digest
    assert one.digest == build_scanner([_pack("token")]).digest


def test_an_empty_text_is_clean() -> None:
    assert build_scanner([_pack("token")]).scan("") == ()
