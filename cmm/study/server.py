"""The page of the user study, and what it talks to.

A rater is a cookie, one of each study; which method made which video never leaves the server.
"""

import re
import secrets
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Cookie, FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import BaseModel

from cmm.study.database import Refused

TOKEN = re.compile(r"[\w-]{16,64}")
YEAR = 365 * 24 * 3600  # seconds


class Answer(BaseModel):
    """What the page sends."""

    pair: str
    answer: Literal["left", "right", "similar"]


def create_app(study, database):
    """The FastAPI application of a study's folder and its Database."""
    app = FastAPI(title="Which video looks more realistic?", docs_url=None, redoc_url=None, openapi_url=None)
    cookie = f"cmm_rater_{database.digest[:12]}"  # browsers tell studies apart by nothing else: ports do not count
    Rater = Annotated[str | None, Cookie(alias=cookie)]
    rows = database.about.set_index("pair")
    videos = {name: Path(study) / "videos" / f"{name}.mp4" for name in {*rows["first_video"], *rows["second_video"]}}
    page = files("cmm.study").joinpath("page.html").read_text()

    def known(rater):
        if rater is None or not TOKEN.fullmatch(rater):
            raise HTTPException(401, "no rater: open the page first, with cookies allowed")
        return rater

    @app.get("/", response_class=HTMLResponse)
    def show_page(rater: Rater = None):
        answer = HTMLResponse(page, headers={"Cache-Control": "no-store"})
        if rater is None or not TOKEN.fullmatch(rater):
            answer.set_cookie(cookie, secrets.token_urlsafe(16), max_age=YEAR, httponly=True, samesite="lax")
        return answer

    @app.get("/next")
    def next_pair(rater: Rater = None):
        offer = database.offer(known(rater))
        if offer is None:
            return {"done": True, "total": len(rows)}
        pair, swapped, position = offer
        left, right = rows.loc[pair, ["first_video", "second_video"]][:: -1 if swapped else 1]
        return {"done": False, "pair": pair, "left": left, "right": right, "position": position, "total": len(rows)}

    @app.post("/answers", status_code=204)
    def take_answer(answer: Answer, rater: Rater = None):
        try:
            database.answer(known(rater), answer.pair, answer.answer)
        except Refused as error:
            raise HTTPException(409, str(error)) from error

    @app.get("/videos/{name}.mp4")
    def show_video(name: str):
        if name not in videos:
            raise HTTPException(404, "no such video")
        return FileResponse(videos[name], media_type="video/mp4", headers={"Cache-Control": "no-cache"})

    return app
