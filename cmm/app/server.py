"""What the page talks to."""

import asyncio
import base64
import re
import secrets
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from cmm.app.uploads import check_bytes, decoded
from cmm.app.workshop import SECONDS, Busy, check_length, jpeg
from cmm.core.errors import UserError
from cmm.core.servers import Guard
from cmm.generation.photographs import SeveralFaces
from cmm.generation.smiler import FPS, LONGEST
from cmm.methods.generator import FRAMES, STRENGTHS
from cmm.methods.registry import declaration_of

TICKET = re.compile(r"[\w-]{8,64}")
TYPES = {"mp4": "video/mp4", "gif": "image/gif", "webp": "image/webp", "png": "image/png"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self' blob: data:; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " frame-ancestors 'none'",
}


def create_app(workshop):
    """The FastAPI application of a Workshop."""

    @asynccontextmanager
    async def forgetting(app):
        """Drop old results also when nobody asks."""

        async def forget():
            while True:
                await asyncio.sleep(SECONDS / 15)
                workshop.forget()

        task = asyncio.create_task(forget())
        yield
        task.cancel()

    app = FastAPI(title="Smiles on a photograph", lifespan=forgetting, docs_url=None, redoc_url=None, openapi_url=None)
    page = files("cmm.app").joinpath("page.html").read_text()

    app.add_middleware(Guard, headers=HEADERS)

    @app.exception_handler(UserError)
    async def explain(request, error):
        return JSONResponse({"detail": str(error)}, 503 if isinstance(error, Busy) else 422)

    @app.exception_handler(SeveralFaces)
    async def offer(request, error):
        picture = f"data:image/jpeg;base64,{base64.b64encode(jpeg(error.picture)).decode()}"
        return JSONResponse({"detail": str(error), "faces": error.boxes, "picture": picture}, 409)

    @app.get("/", response_class=HTMLResponse)
    def show_page():
        return page

    @app.get("/methods")
    def methods():
        """What each method knows."""
        return {
            name: {
                "title": declaration_of(smiler.method).title,
                "expressions": list(smiler.expressions),
                "modes": smiler.generator.modes,
                "honours": list(declaration_of(smiler.method).honours),
                "whole": smiler.whole,
                "strengths": STRENGTHS,
                "frames": FRAMES,
            }
            for name, smiler in workshop.smilers.items()
        }

    @app.get("/queue/{ticket}")
    def queue(ticket: str):
        return {"before": workshop.before(ticket)}

    async def worked(ticket, function, *args):
        return await asyncio.wrap_future(workshop.submit(ticket, function, *args))

    @app.post("/smiles")
    async def smile(
        request: Request,
        method: str,
        expression: str | None = None,
        modes: Annotated[int | None, Query(ge=0)] = None,
        strength: float | None = None,
        frames: int | None = None,
        seed: Annotated[int | None, Query(le=2**31)] = None,
        face: Annotated[int | None, Query(ge=1)] = None,
    ):
        """The body is the picture."""
        if method not in workshop.smilers:
            raise UserError(f"no method {method!r}: there are {', '.join(workshop.smilers)}")
        most = workshop.smilers[method].generator.modes
        told = {"strength": strength, "frames": frames, "seed": seed}
        told = {name: value for name, value in told.items() if value is not None}
        condition = workshop.smilers[method].condition(expression, **told)
        check_length(condition)  # what cannot be need not wait
        workshop.check_room()
        data = await body_of(request)
        ticket = request.headers.get("x-ticket", "")
        ticket = ticket if TICKET.fullmatch(ticket) else secrets.token_urlsafe(12)

        def make():
            picture = decoded(data, LONGEST)
            count = most if modes is None else min(modes, most)
            return workshop.smile(picture, method, condition, count, face and str(face))

        name, made = await worked(ticket, make)
        return {
            "result": name,
            "sequences": list(made.films),
            "fps": FPS,
            "width": made.size[0],
            "height": made.size[1],
            "seconds": made.seconds,
            "notes": made.notes,
        }

    @app.get("/smiles/{result}/{sequence}.{kind}")
    async def download(result: str, sequence: str, kind: str):
        workshop.result(result)
        data = await worked(secrets.token_urlsafe(12), workshop.download, result, sequence, kind)
        return Response(data, media_type=TYPES[kind])

    @app.get("/smiles/{result}/measured")
    async def measured(result: str):
        workshop.result(result)
        found = await worked(secrets.token_urlsafe(12), workshop.measured, result)
        meshes = {name: base64.b64encode(data).decode() for name, data in found["meshes"].items()}
        return {"curves": found["curves"], "meshes": meshes}

    return app


async def body_of(request):
    """A request's body; UserError as soon as there is more of it than a picture may have."""
    check_bytes(int(request.headers.get("content-length", "0") or 0))
    data = bytearray()
    async for part in request.stream():
        data += part
        check_bytes(len(data))
    if not data:
        raise UserError("no picture came: choose one")
    return bytes(data)
