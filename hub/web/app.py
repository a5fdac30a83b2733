"""The application: pages, static files, and what holds for every answer."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from hub.web.errors import answer_errors, show_crash
from hub.web.guard import Guard
from hub.web.pages import pages
from hub.web.queries import BoardQueries

HERE = Path(__file__).parent


def create_app(queries: BoardQueries, doors: APIRouter | None = None) -> FastAPI:
    """The hub's pages over `queries`, and what other systems may call.

    Pages are shown only to requests that name this machine itself as their host.

    No API description is served: its viewer would load scripts from elsewhere.
    """
    app = FastAPI(title="Hub", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(pages(queries))
    if doors is not None:
        app.include_router(doors)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    answer_errors(app)
    app.add_middleware(Guard, crash_page=show_crash)
    return app
