"""Take a picture of a page: `python -m tests.screenshot URL FILE`."""

import sys
from pathlib import Path

from tests.browser import open_browser

SIZE = (1280, 860)


def take_screenshot(url: str, path: Path, size: tuple[int, int] = SIZE) -> None:
    """The visible part of `url` in a window of `size` pixels, as a PNG at `path`."""
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.goto(url, wait_until="networkidle")
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path)


def main(arguments: list[str]) -> None:
    """One picture, by the command line."""
    if len(arguments) != 2:
        sys.exit("usage: python -m tests.screenshot URL FILE")
    url, file = arguments
    take_screenshot(url, Path(file))


if __name__ == "__main__":
    main(sys.argv[1:])
