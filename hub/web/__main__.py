"""`python -m hub.web`: serve the pages until Ctrl-C or SIGTERM."""

import sys

from hub.bootstrap import open_hub
from hub.program import one_clear_message
from hub.settings import read_settings
from hub.web.app import create_app
from hub.web.exchanging import exchanging
from hub.web.server import open_socket, serve_on
from hub.web.tending import tended
from hub.web.webhooks import webhooks


def main() -> None:
    """Serve what the environment says, and say where."""
    with one_clear_message():
        settings = read_settings()
        with open_socket(settings.host, settings.port) as listening, open_hub(settings) as hub:
            host, port = listening.getsockname()[:2]
            sys.stdout.write(f"Day board    http://{f'[{host}]' if ':' in host else host}:{port}/\n")
            sys.stdout.flush()
            systems, exchange = tuple(hub.folder.connections), hub.exchange.exchange
            with (
                tended(hub.desk.tend, settings.tend_seconds),
                exchanging(systems, exchange, settings.exchange_seconds) as clocks,
            ):
                serve_on(listening, create_app(hub.board, webhooks(hub.doorbell, clocks.wake)))


if __name__ == "__main__":
    main()
