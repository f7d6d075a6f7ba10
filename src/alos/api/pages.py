"""The few pages that a login shows: plain HTML, no script, every value escaped."""

import hashlib
from base64 import b64encode
from html import escape

from fastapi.responses import HTMLResponse

_STYLE = """
body{font:16px/1.5 "DejaVu Sans",system-ui,sans-serif;color:#1d2433;background:#f6f7f9;margin:0}
main{max-width:34rem;margin:12vh auto;padding:2.5rem;background:#fff;border:1px solid #d9dee7;
border-radius:8px}
h1{font-size:1.25rem;margin:0 0 .75rem}
p{margin:.5rem 0}
code{display:block;padding:.75rem;margin:1rem 0;background:#f0f2f6;border-radius:6px;
overflow-wrap:anywhere;user-select:all}
"""
_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def write_page(
    title: str, sentences: tuple[str, ...], *, code: str | None = None, status: int = 200
) -> HTMLResponse:
    """One short page; ``code`` is something to copy."""
    paragraphs = "".join(f"<p>{escape(one)}</p>" for one in sentences)
    copied = f"<code>{escape(code)}</code>" if code is not None else ""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)} · ALOS</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{paragraphs}{copied}</main></body></html>"
    )
    return HTMLResponse(html, status_code=status, headers={"content-security-policy": _POLICY})
