"""A small export of what was paid ahead: gift cards, memberships and invoices with their dirt, and their truth."""

import csv
from collections.abc import Mapping
from pathlib import Path

CLIENTS = """\
ClientID,First Name,Last Name,DOB,Mobile,Email,Address,City,State,Zip,Created,Notes,SMS OK,Marketing OK
C1,Ada,Stone,1980-02-03,512 555 0101,ada@example.com,1 Elm St,Austin,TX,78701,2024-01-02,,Y,Y
C2,Berta,Hill,1975-11-30,512 555 0102,berta@example.com,2 Elm St,Austin,TX,78701,2024-01-02,,Y,N
"""
SERVICES = """\
Service ID,Name,Category,Duration (min),Price,Active
S1,Chemical peel - light,Skin,30,120.00,Y
"""
STAFF = """\
StaffID,Name,Title,License,License Exp,Active
E1,Kim Tran RN,RN,TX-R1,2030-01-31,Y
"""
VISITS = """\
ApptID,ClientID,Service,Staff,Room,Date,Start,End,Status,Price,Booked By,Booked On,Modified,Notes,Location
A1,C1,Chemical peel - light,E1,Room 1,2024-05-06,10:00,10:30,Completed,120.00,Online,2024-05-01,2024-05-06 11:00,,Main
A2,C2,Chemical peel - light,E1,Room 1,2024-05-07,10:00,10:30,Completed,120.00,Online,2024-05-01,2024-05-07 11:00,,Main
"""
PAYMENTS = """\
PaymentID,ApptID,Date,Amount,Type,Method
P1,A1,2024-05-06,120.00,payment,Gift Card
P2,A1,2024-05-09,(20.00),refund,Gift Card
P3,A2,2024-05-07,120.00,payment,Visa
"""
PACKAGES = """\
PackageID,ClientID,Service,Sessions,Used,Purchased,Expires
K1,C1,Chemical peel - light,6,4,2024-03-01,2030-12-31
K2,C2,Chemical peel - light,3,,2024-03-01,
K3,C2,Chemical peel - light,3,5,2024-03-01,
"""
LOTS = """\
Product,Lot,Expiry,On Hand,Unit,Location
Botox,C7654,2030-09-30,"1,200",units,Main
Juvederm,J55,2030-01-31,2.5,ml,Main
"""
GIFT_CARDS = """\
CardID,Code,ClientID,Value,Redeemed,Balance,Sold,Expires,Active
G1,GC-100,C1,$220.00,100.00,"120,00",2024-04-02,,Y
G2,GC-101,,100,,40.00,04/15/2024,12/31/2030,Yes
G3,GC-102,C2,50.00,50.00,0.00,01-May-2024,,N
G4,GC-103,C1,100.00,30.00,80.00,2024-05-02,,Y
G5,GC-104,C99,75.00,0.00,75.00,2024-05-03,,Y
G6,GC-105,C2,60.00,-20.00,80.00,2024-05-04,,Y
G7,GC-106,C2,a lot,0.00,10.00,2024-05-05,,Y
"""
MEMBERSHIPS = """\
MembershipID,ClientID,Plan,Price,Every (months),Started,Ends,Next Billing,Credit,Status
M1,C1,Glow,$99.00,1,2024-01-15,,2030-01-15,198.00,Active
M2,C2,Glow,99,1,2023-01-15,2024-01-14,,45.50,Cancelled
M3,C2,Platinum,149.00,1,2024-02-01,,,,On Hold
M4,C99,Glow,99.00,1,2024-01-15,,,0.00,Active
M5,C1,Glow,99.00,monthly,2024-01-15,,,0.00,Active
M6,C1,Glow,99.00,1,2024-01-15,,,0.00,Dormant
"""
INVOICES = """\
InvoiceID,ClientID,ApptID,Number,Issued,Due,Status,Total
I1,C1,A1,2024-1,2024-05-06,,Paid,120.00
I2,C2,A2,2024-2,05/07/2024,2024-06-07,Open,"1.120,00"
I3,C1,,2024-3,2024-06-01,,Voided,15.00
I4,C2,A99,2024-4,2024-06-02,,Open,10.00
I5,C1,A1,2024-5,soon,,Open,10.00
"""
FILES: Mapping[str, str] = {
    "clients.csv": CLIENTS,
    "services.csv": SERVICES,
    "staff.csv": STAFF,
    "appointments.csv": VISITS,
    "payments.csv": PAYMENTS,
    "packages.csv": PACKAGES,
    "inventory.csv": LOTS,
    "giftcards.csv": GIFT_CARDS,
    "memberships.csv": MEMBERSHIPS,
    "invoices.csv": INVOICES,
}
STAY_BEHIND = {
    "K3": "bad_count",  # more sessions used than bought
    "G4": "bad_balance",  # 100 - 30 is not 80
    "G5": "orphan_patient",
    "G6": "bad_balance",  # more came back to the card than was loaded on it
    "G7": "bad_money",
    "M4": "orphan_patient",
    "M5": "bad_count",
    "M6": "unknown_code",
    "I4": "orphan_visit",
    "I5": "bad_date",
}
"""Id of a row → why it is quarantined; all others are loaded."""
TOTALS = {
    ("gift_card", "month of sale, amount loaded", "2024-04"): (2, 32000),
    ("gift_card", "month of sale, amount loaded", "2024-05"): (1, 5000),
    ("gift_card", "state, amount left", "active"): (2, 16000),
    ("gift_card", "state, amount left", "ended"): (1, 0),
    ("membership", "state, credit", "active"): (1, 19800),
    ("membership", "state, credit", "ended"): (1, 4550),
    ("membership", "state, credit", "paused"): (1, 0),
    ("membership", "plan, price", "Glow"): (2, 19800),
    ("membership", "plan, price", "Platinum"): (1, 14900),
    ("invoice", "month", "2024-05"): (2, 124000),
    ("invoice", "month", "2024-06"): (1, 1500),
    ("invoice", "state", "open"): (1, 112000),
    ("invoice", "state", "paid"): (1, 12000),
    ("invoice", "state", "void"): (1, 1500),
    ("package", "service, sessions left", "Chemical peel - light"): (5, None),
    ("lot", "product, units on hand", "botox"): (1200, None),
    ("lot", "product, units on hand", "juvederm"): (3, None),
}
"""Kind, dimension and value → how many, and their money in cents; reckoned by hand."""


def write_value(to: Path) -> Path:
    """The export, file by file."""
    for name, text in FILES.items():
        (to / name).write_text(text, encoding="utf-8")
    return to


def ids_of(text: str) -> list[str]:
    """Of each row the first cell."""
    return [row[0] for row in csv.reader(text.splitlines()[1:])]
