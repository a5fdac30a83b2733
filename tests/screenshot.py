"""Take a picture of a page: `python -m tests.screenshot URL FILE`."""

import sys
from pathlib import Path

from tests.browser import open_browser

SIZE = (1280, 860)
ARGUMENTS = 3


def take_screenshot(url: str, path: Path, size: tuple[int, int] = SIZE) -> None:
    """The visible part of `url` in a window of `size` pixels, as a PNG at `path`."""
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.goto(url, wait_until="networkidle")
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path)


if __name__ == "__main__":
    if len(sys.argv) != ARGUMENTS:
        sys.exit("usage: python -m tests.screenshot URL FILE")
    take_screenshot(sys.argv[1], Path(sys.argv[2]))
