"""Templates, always escaped, and a name that a template does not know is an error."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

TEMPLATES = Path(__file__).parent / "templates"


def render(request: Request, template: str, values: Mapping[str, Any], status_code: int = 200) -> HTMLResponse:
    """The page `template` with `values`."""
    text = _environment().get_template(template).render(nonce=request.state.nonce, path=request.url.path, **values)
    return HTMLResponse(text, status_code=status_code)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
