"""What the address of an article is, and the id that it gives."""

from urllib.parse import urlsplit


def article_id_of(url: str) -> str:
    """Give the id of the article at an address: its host and its path, without the scheme.

    Raises:
        ValueError: it is no address of a page.

    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "no address of a page"
        raise ValueError(message)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.hostname}{parts.path.rstrip('/')}{query}"
