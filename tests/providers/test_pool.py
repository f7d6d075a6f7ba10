import asyncio
import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alos.ports.provider import Broken, ProviderFailure
from alos.providers.credentials import open_credentials
from alos.providers.http import HttpProvider
from alos.providers.pool import Proxy
from tests.providers.peer import Peer, answering, candidate, checked, model, serve

Certificate = tuple[Path, ssl.SSLContext]
PATHS = {"openai-chat": "/v1/chat/completions"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A self-signed certificate for 127.0.0.1, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a company's own authority")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem = folder / "authority.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file = folder / "key.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_file)
    return pem, context


async def ask(
    base_url: str, *, times: int = 1, ca_file: str | None = None, proxy_url: str | None = None
) -> bytes | ProviderFailure:
    provider = HttpProvider(
        PATHS, open_credentials({"KEY": "k"}), ca_file=ca_file, proxy_url=proxy_url
    )
    try:
        for _ in range(times):
            answer = await provider.send(checked(), candidate(model(base_url)), within_seconds=30)
            if isinstance(answer, ProviderFailure):
                return answer
            body = await answer.read()
            await answer.close()
        return body
    finally:
        await provider.close()


async def test_tls_with_a_companys_own_authority(certificate: Certificate) -> None:
    pem, context = certificate
    async with serve(answering(b"{}"), ssl=context) as peer:
        url = f"https://127.0.0.1:{peer.port}"
        assert await ask(url, times=2, ca_file=str(pem)) == b"{}"
        assert peer.connections == 1


async def test_a_certificate_nobody_vouches_for_is_refused(certificate: Certificate) -> None:
    _, context = certificate
    async with serve(answering(b"{}"), ssl=context) as peer:
        failure = await ask(f"https://127.0.0.1:{peer.port}")
        assert isinstance(failure, ProviderFailure)
        assert failure.why is Broken.CONNECT
        assert peer.requests == []


async def tunnel(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proxy: CONNECT, then bytes both ways; or one absolute-form request passed on."""
    head = await reader.readuntil(b"\r\n\r\n")
    peer.requests.append(head)
    if not head.startswith(b"CONNECT "):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nproxied")
        await writer.drain()
        return
    host, _, port = head.split(b" ")[1].partition(b":")
    upstream, down = await asyncio.open_connection(host.decode(), int(port))
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
        sink.close()

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(copy(reader, down))
            group.create_task(copy(upstream, writer))
    finally:
        down.close()


async def test_an_egress_proxy_tunnels_tls_and_sees_its_own_login_only(
    certificate: Certificate,
) -> None:
    pem, context = certificate
    async with serve(answering(b"{}"), ssl=context) as peer, serve(tunnel) as proxy:
        answer = await ask(
            f"https://127.0.0.1:{peer.port}",
            ca_file=str(pem),
            proxy_url=f"http://user:pass@127.0.0.1:{proxy.port}",
        )
        assert answer == b"{}"
    assert proxy.requests[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % peer.port)
    assert b"proxy-authorization: Basic dXNlcjpwYXNz\r\n" in proxy.requests[0]
    assert b"authorization: Bearer" not in proxy.requests[0]


async def test_plain_http_goes_to_the_proxy_in_absolute_form() -> None:
    async with serve(tunnel) as proxy:
        proxy_url = f"http://127.0.0.1:{proxy.port}"
        assert await ask("http://model.invalid:8000/v1", proxy_url=proxy_url) == b"proxied"
    line = proxy.requests[0].split(b"\r\n")[0]
    assert line == b"POST http://model.invalid:8000/v1/chat/completions HTTP/1.1"


async def test_a_proxy_that_refuses_is_a_connect_failure() -> None:
    async def script(
        _peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        await writer.drain()

    async with serve(script) as proxy:
        proxy_url = f"http://127.0.0.1:{proxy.port}"
        failure = await ask("https://model.invalid", proxy_url=proxy_url)
    assert isinstance(failure, ProviderFailure)
    assert failure.why is Broken.CONNECT


async def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serve(answering(b"{}")) as peer:
        assert await ask(f"http://127.0.0.1:{peer.port}") == b"{}"


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1", "127.0.0.1:3128", "http://"])
def test_what_is_no_proxy_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="egress proxy"):
        Proxy.from_url(url)
