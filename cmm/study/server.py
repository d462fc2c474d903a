"""The page of the user study, and what it talks to.

A rater is a cookie, one of each study; which method made which video never leaves the server.
"""

import logging
import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Cookie, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from pydantic import BaseModel

from cmm.core.errors import UserError
from cmm.core.servers import Guard
from cmm.study.database import Refused

log = logging.getLogger("cmm")
YEAR = 365 * 24 * 3600  # seconds
MOST_BYTES = 4096  # of a request's body


class Answer(BaseModel):
    """What the page sends."""

    pair: str
    answer: Literal["left", "right", "similar"]


class Unknown(Refused):
    """Somebody who is no rater yet."""

    status = 401


class Gone(Refused):
    """Something that is not there."""

    status = 404


def create_app(study, database, raters, secure=False):
    """The FastAPI application of a study's folder, its Database and its Raters; secure: raters reach it by https."""
    app = FastAPI(title="Which video looks more realistic?", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, most_bytes=MOST_BYTES)
    cookie = f"cmm_rater_{database.digest[:12]}"  # browsers tell studies apart by nothing else: ports do not count
    Rater = Annotated[str | None, Cookie(alias=cookie)]
    rows = database.about.set_index("pair")
    videos = {name: Path(study) / "videos" / f"{name}.mp4" for name in {*rows["first_video"], *rows["second_video"]}}
    page = files("cmm.study").joinpath("page.html").read_text()

    @app.exception_handler(Refused)
    async def refuse(request, error):
        return JSONResponse({"detail": str(error)}, error.status)

    @app.exception_handler(RequestValidationError)
    async def explain(request, error):  # what was sent is not repeated: it need not be text that can be written
        return JSONResponse({"detail": "this is not an answer: send {pair, answer} as JSON"}, 422)

    @app.exception_handler(sqlite3.Error)
    @app.exception_handler(UserError)
    async def busy(request, error):
        log.warning("the answers' file: %s", error)
        text = {"detail": "the answers cannot be written just now"}
        return JSONResponse(text, 503, headers={"Retry-After": "2"})

    def known(rater):
        if not raters.known(rater):
            raise Unknown("no rater: open the page first, with cookies allowed")
        return rater

    def remembered(answer, rater):
        answer.set_cookie(cookie, rater, max_age=YEAR, httponly=True, samesite="lax", secure=secure)
        return answer

    @app.get("/", response_class=HTMLResponse)
    def show_page(rater: Rater = None, invitation: str | None = None):
        if invitation is not None and raters.invited(invitation):
            return remembered(RedirectResponse("/", 303), invitation)  # the link is nobody else's to read
        answer = HTMLResponse(page)
        return answer if raters.known(rater) else remembered(answer, raters.token())

    @app.get("/next")
    def next_pair(rater: Rater = None):
        offer = database.offer(known(rater), raters.admit)
        if offer is None:
            return {"done": True, "total": len(rows)}
        pair, swapped, position = offer
        left, right = rows.loc[pair, ["first_video", "second_video"]][:: -1 if swapped else 1]
        return {"done": False, "pair": pair, "left": left, "right": right, "position": position, "total": len(rows)}

    @app.post("/answers", status_code=204)
    def take_answer(answer: Answer, rater: Rater = None):
        if answer.pair not in rows.index:
            raise Refused("this pair was not offered")
        database.answer(known(rater), answer.pair, answer.answer)

    @app.get("/videos/{name}.mp4")
    def show_video(name: str):
        if name not in videos:
            raise Gone("no such video")
        if not videos[name].is_file():
            log.warning("%s is gone", videos[name])
            raise Gone("this video is gone: tell who runs the study")
        return FileResponse(videos[name], media_type="video/mp4", headers={"Cache-Control": "no-cache"})

    return app
