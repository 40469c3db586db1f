"""What the service answers other commands: the questions of `auditor/questions.py`.

Only to processes of this machine that can read the secret beside the database, which only its owner can.
"""

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response

from auditor.answering import AT_ONCE, Owner
from auditor.questions import MAX_BODY_BYTES, PATH
from auditor.service import may_ask

OF_BROWSERS = ("cookie", "origin", "sec-fetch-site")


def add_questions(app: FastAPI, owner: Owner, secret: str) -> None:
    """Let `app` answer whoever knows the secret; in threads of their own, so that health is answered meanwhile."""
    threads = CapacityLimiter(AT_ONCE)

    @app.post(PATH + "{name}", include_in_schema=False)
    async def asked(name: str, request: Request) -> Response:
        """See auditor/questions.py."""
        if not is_allowed(request, secret):
            return Response(status_code=403)
        body = await body_of(request, MAX_BODY_BYTES)
        if body is None:
            return Response(status_code=413)
        answer = await to_thread.run_sync(owner.answer, name, body, limiter=threads)
        return Response(answer.body, answer.status, media_type="application/json")


def is_allowed(request: Request, secret: str) -> bool:
    """Whether a request comes from a command on this machine, means it, and knows the secret; never from a browser."""
    if not request.client or any(mark in request.headers for mark in OF_BROWSERS):
        return False
    here = (request.scope.get("server") or ("", 0))[0]
    given = request.headers
    return may_ask(request.client.host, here, given.get("host", ""), given.get("authorization", ""), secret)


async def body_of(request: Request, most: int) -> bytes | None:
    """The body; None where it is larger than that."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)
