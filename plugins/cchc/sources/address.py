"""Whether a source may be asked at the address that its connection names."""

import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from cchc.errors import SourceRefused
from cchc.sources.wire import is_loopback


def check_address(base_url: str, connection: str, plain_http: bool, ca_bundle: str | None) -> None:
    """Raises when the secret would travel unencrypted to another machine, or the address is none."""
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    odd = re.search(r"[#?@\\\s]", base_url) or not base_url.isprintable()
    if parts.scheme not in ("http", "https") or not host or parts.path or odd:
        raise SourceRefused(
            f"Connection {connection}: its address is none that can be asked. Expected scheme, "
            f"host and port, for example https://tthc.example.vn."
        )
    if parts.scheme == "http" and not plain_http and not is_loopback(host):
        raise SourceRefused(
            f"{base_url}: the secret and all records would travel unencrypted. Expected https in "
            f"connection {connection}, or plain_http=1 in its extras where the way is protected "
            f"otherwise."
        )
    if ca_bundle is not None:
        _check_ca_bundle(ca_bundle, connection)


def _check_ca_bundle(bundle: str, connection: str) -> None:
    try:
        if not Path(bundle).is_file():
            raise FileNotFoundError
        ssl.create_default_context(cafile=bundle)
    except (OSError, ValueError):
        raise SourceRefused(
            f"Connection {connection}: ca_bundle={bundle!r} is no file with certificates that can "
            f"be read here. Expected the certificates of the authority in PEM: put the file there on all "
            f"workers, or correct the extras of the connection."
        ) from None
