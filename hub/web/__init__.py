"""The hub in a browser: server-rendered pages, on loopback only until sign-in exists."""
