"""The fields of a form that was sent, as a handler gets them."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import ImmutableMultiDict


async def form_of(request: Request) -> ImmutableMultiDict[str, str]:
    """The fields of a form that was sent; files are left out."""
    sent = await request.form()
    return ImmutableMultiDict([(name, value) for name, value in sent.multi_items() if isinstance(value, str)])


Sent = Annotated[ImmutableMultiDict[str, str], Depends(form_of)]
