"""Scheduling as pure functions of (practice, diary, request, now): find openings, decide bookings, play scenarios.

Outside this package instants are aware datetimes; inside they are whole minutes since 1970 in UTC, so that clock
changes vanish and a timeline fits into one integer (see `timeline`).
"""
