"""Tokens that are not what they say: each is refused for its own reason."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from alos.control.issuer_keys import IssuerKeys, Source
from alos.control.tokens import MAX_BYTES, verify
from alos.domain.fault import SignOnDown
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal
from alos.domain.token_claims import Expected
from tests.control.issuer import CLIENT, NOW, URL, TestIssuer, encode

EXPECTED = Expected(issuer=URL, audience=CLIENT, nonce="n")


class SetClock:
    def __init__(self) -> None:
        self.seconds = NOW

    def unix_ns(self) -> int:
        return self.seconds * 1_000_000_000

    monotonic_ns = unix_ns


class Bench:
    def __init__(self) -> None:
        self.issuer = TestIssuer()
        self.clock = SetClock()
        self.keys = IssuerKeys(self.issuer, self.clock)
        self.source = Source(url=URL, outage_seconds=7_200)

    async def verify(self, token: str, expected: Expected = EXPECTED) -> Any:
        return await verify(
            token, self.keys, self.source, expected, now_unix=self.clock.seconds, skew_seconds=60
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def why(bench: Bench, token: str) -> str:
    refusal = await bench.verify(token)
    assert isinstance(refusal, Refusal), "it was taken"
    assert refusal.code is ReasonCode.TOKEN_BAD
    return refusal.detail


async def test_a_good_token_is_taken(bench: Bench) -> None:
    claims = await bench.verify(bench.issuer.sign(bench.issuer.claims()))
    assert claims["sub"] == "sub-chloe"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"iss": "https://evil.example"}, "another issuer's"),
        ({"iss": URL + "/"}, "another issuer's"),
        ({"aud": "somebody-else"}, "somebody else"),
        ({"aud": ["somebody-else"]}, "somebody else"),
        ({"aud": [CLIENT, "other"]}, "several"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "given to somebody else"),
        ({"aud": ...}, "somebody else"),
        ({"aud": {"x": CLIENT}}, "somebody else"),
        ({"nonce": "m"}, "another login"),
        ({"nonce": ...}, "another login"),
        ({"nonce": 1}, "another login"),
        ({"sub": ...}, "nobody"),
        ({"sub": ""}, "nobody"),
        ({"sub": 7}, "nobody"),
        ({"sub": "a" * 256}, "nobody"),
        ({"exp": NOW - 60}, "expired"),
        ({"exp": ...}, "from when to when"),
        ({"exp": True}, "from when to when"),
        ({"exp": "9999999999"}, "from when to when"),
        ({"exp": float("inf")}, "from when to when"),
        ({"iat": ...}, "from when to when"),
        ({"iat": NOW + 61, "exp": NOW + 900}, "not good yet"),
        ({"nbf": NOW + 61}, "not good yet"),
        ({"exp": NOW + 86_401}, "longer than a day"),
    ],
)
async def test_a_claim_that_is_wrong_is_named(
    bench: Bench, changes: dict[str, Any], says: str
) -> None:
    assert says in await why(bench, bench.issuer.sign(bench.issuer.claims(**changes)))


@pytest.mark.parametrize("changes", [{"exp": NOW - 59}, {"iat": NOW + 60, "exp": NOW + 300}])
async def test_clocks_may_differ_a_little(bench: Bench, changes: dict[str, Any]) -> None:
    claims = await bench.verify(bench.issuer.sign(bench.issuer.claims(**changes)))
    assert claims["sub"] == "sub-chloe"


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS1"]
)
async def test_a_token_without_a_key_pairs_signature_is_nothing(
    bench: Bench, algorithm: str
) -> None:
    assert "algorithm" in await why(bench, bench.issuer.unsigned(bench.issuer.claims(), algorithm))


@pytest.mark.parametrize("pem", [True, False])
async def test_a_published_key_is_no_secret(bench: Bench, *, pem: bool) -> None:
    assert "algorithm" in await why(bench, bench.issuer.confused(bench.issuer.claims(), pem=pem))


async def test_a_symmetric_key_in_the_set_is_not_a_key(bench: Bench) -> None:
    shared = OctKey.generate_key(256, {"kid": "oct"}, private=True)
    mixed = [shared.as_dict(private=True), *bench.issuer.public_keys()["keys"]]
    bench.issuer.public_keys = lambda: {"keys": mixed}  # type: ignore[method-assign]
    token = bench.issuer.sign(bench.issuer.claims(), kid="oct")
    assert "no such key" in await why(bench, token)


async def test_an_algorithm_is_taken_only_with_its_own_kind_of_key(bench: Bench) -> None:
    curve = ECKey.generate_key("P-256", {"kid": bench.issuer.key_id}, private=True)
    bench.issuer.public_keys = lambda: {"keys": [curve.as_dict(private=False)]}  # type: ignore[method-assign]
    assert "not its key's" in await why(bench, bench.issuer.sign(bench.issuer.claims()))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": NOW},
        {"b64": False, "crit": ["b64"]},
        {"crit": []},
    ],
)
async def test_a_header_that_asks_for_more_than_we_know_is_refused(
    bench: Bench, header: dict[str, Any]
) -> None:
    head = encode({"alg": "RS256", "kid": bench.issuer.key_id, **header})
    good = bench.issuer.sign(bench.issuer.claims()).split(".")
    assert await why(bench, ".".join((head, *good[1:])))


async def test_keys_that_a_token_brings_along_are_not_looked_at(bench: Bench) -> None:
    own = ECKey.generate_key("P-256", private=True)
    header = {"jwk": own.as_dict(private=False), "jku": "https://evil.example/keys"}
    head = {"alg": "ES256", "kid": "mine", **header}
    claims = bench.issuer.claims()
    text = f"{encode(head)}.{encode(claims)}.AAAA"
    assert "no such key" in await why(bench, text)
    assert not [one for one in bench.issuer.asked if "evil" in one]


async def test_a_changed_byte_breaks_the_signature(bench: Bench) -> None:
    head, _, signature = bench.issuer.sign(bench.issuer.claims()).split(".")
    other = encode(bench.issuer.claims(sub="sub-dan"))
    assert "signature" in await why(bench, f"{head}.{other}.{signature}")
    assert "signature" in await why(bench, f"{head}.{other}.")


@pytest.mark.parametrize(
    "token",
    [
        "", "a", "a.b", "a.b.c", "....", "eyJ.eyJ.eyJ", "ey J.a.b", "\x00.\x00.\x00",
        encode([]) + "." + encode({}) + ".x", encode({"alg": ["RS256"]}) + "." + encode({}) + ".x",
        encode({"alg": "RS256", "kid": 7}) + "." + encode({"iss": URL}) + ".x",
        encode({"alg": "RS256"}) + "." + encode({"iss": URL}) + "." + "A" * MAX_BYTES,
        "[" * 5_000 + "." + "[" * 5_000 + ".x", "ü.ü.ü",
    ],
)  # fmt: skip
async def test_what_is_no_token_is_refused_and_nobody_is_asked(bench: Bench, token: str) -> None:
    assert await why(bench, token)
    assert bench.issuer.asked == []


# --- keys that turn ---------------------------------------------------------------------------


async def test_a_new_key_is_fetched_when_a_token_names_it(bench: Bench) -> None:
    await bench.verify(bench.issuer.sign(bench.issuer.claims()))
    bench.issuer.rotate()
    bench.clock.seconds += 31
    claims = await bench.verify(bench.issuer.sign(bench.issuer.claims()))
    assert claims["sub"] == "sub-chloe"


async def test_a_key_that_was_withdrawn_is_no_longer_good(bench: Bench) -> None:
    old = bench.issuer.sign(bench.issuer.claims(exp=NOW + 7_200))
    await bench.verify(old)
    bench.issuer.rotate()
    bench.clock.seconds += 3_601
    assert "no such key" in await why(bench, old)


async def test_a_key_without_an_id_that_turned_is_found_by_its_signature(bench: Bench) -> None:
    """A provider with one key need not name it, so nothing else shows that it has another."""
    bench.issuer.names_keys = False
    old = bench.issuer.sign(bench.issuer.claims(), kid=...)
    assert (await bench.verify(old))["sub"] == "sub-chloe"
    bench.issuer.rotate()
    new = bench.issuer.sign(bench.issuer.claims(), kid=...)
    assert "signature" in await why(bench, new), "not fetched again within half a minute"
    bench.clock.seconds += 31
    assert (await bench.verify(new))["sub"] == "sub-chloe"
    assert "signature" in await why(bench, old)
    bench.issuer.down = True
    bench.clock.seconds += 31
    assert "signature" in await why(bench, old)
    assert (await bench.verify(new))["sub"] == "sub-chloe"


async def test_forged_tokens_without_a_keys_id_make_us_ask_twice_a_minute_at_most(
    bench: Bench,
) -> None:
    bench.issuer.names_keys = False
    await bench.verify(bench.issuer.sign(bench.issuer.claims(), kid=...))
    before = len(bench.issuer.asked)
    forged = bench.issuer.sign(bench.issuer.claims(), kid=...)[:-8] + "A" * 8
    for number in range(200):
        await why(bench, forged)
        bench.clock.seconds = NOW + number * 60 // 200
    assert len(bench.issuer.asked) - before <= 3


async def test_made_up_keys_make_us_ask_twice_a_minute_at_most(bench: Bench) -> None:
    await bench.verify(bench.issuer.sign(bench.issuer.claims()))
    before = len(bench.issuer.asked)
    for number in range(200):
        await why(bench, bench.issuer.sign(bench.issuer.claims(), kid=f"made-up-{number}"))
        bench.clock.seconds = NOW + number * 60 // 200
    assert len(bench.issuer.asked) - before <= 3


async def test_an_outage_is_bridged_for_as_long_as_configured(bench: Bench) -> None:
    await bench.verify(bench.issuer.sign(bench.issuer.claims()))
    bench.issuer.down = True
    for hours in (1, 1.9):
        bench.clock.seconds = NOW + int(hours * 3_600)
        now = bench.clock.seconds
        token = bench.issuer.sign(bench.issuer.claims(iat=now, exp=now + 300))
        assert (await bench.verify(token))["sub"] == "sub-chloe"
    bench.clock.seconds = NOW + 7_200
    token = bench.issuer.sign(bench.issuer.claims(iat=NOW + 7_200, exp=NOW + 7_500))
    with pytest.raises(SignOnDown):
        await bench.verify(token)


async def test_an_issuer_that_was_never_reached_is_down_and_not_wrong(bench: Bench) -> None:
    bench.issuer.down = True
    with pytest.raises(SignOnDown):
        await bench.verify(bench.issuer.sign(bench.issuer.claims()))


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://login.example.com/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": 7},
        {"authorization_endpoint": "https://a:b@login.example.com/"},
    ],
)
async def test_a_document_that_points_elsewhere_is_not_followed(
    bench: Bench, change: dict[str, Any]
) -> None:
    bench.issuer.metadata |= change
    with pytest.raises(SignOnDown):
        await bench.verify(bench.issuer.sign(bench.issuer.claims()))


async def test_keys_may_come_from_a_file(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(bench.issuer.public_keys()))
    bench.source = Source(url=URL, jwks_file=str(file))
    assert (await bench.verify(bench.issuer.sign(bench.issuer.claims())))["sub"] == "sub-chloe"
    assert bench.issuer.asked == []
