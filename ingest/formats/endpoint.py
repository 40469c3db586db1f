"""The model's name in the URL that was called, for APIs whose bodies do not name it.

/model/us.deepseek.r1-v1%3A0/converse             Amazon Bedrock
/v1beta/models/gemini-2.5-flash:generateContent   Gemini, Vertex
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from ingest.formats.envelope import Logged
from ingest.formats.reading import as_mapping, text

URL_FIELDS = ("path", "url", "uri", "endpoint", "request_path", "requestUri", "request_uri", "api_base", "target")
MODEL = re.compile(r"/models?/(?P<model>[^/?#]+)")
METHOD = re.compile(r":[A-Za-z]+\Z")  # ":generateContent", unlike the ":0" of a version


def model_called(logged: Logged) -> str | None:
    """The model in the URL; None when the log has no URL, or none that names a model."""
    return next((named for url in urls_in(logged) if (named := model_in(url))), None)


def model_in(url: str) -> str | None:
    """The model that a URL names."""
    match = MODEL.search(url)
    return METHOD.sub("", unquote(match["model"])) or None if match else None


def urls_in(logged: Logged) -> Iterator[str]:
    """The URLs that a record has beside its bodies."""
    for place in (logged.outer, *(as_mapping(logged.outer.get(name)) for name in ("request", "http", "metadata"))):
        yield from (url for name in URL_FIELDS if (url := text(place.get(name))))
