"""What systems call the canonical fields: key names without case and punctuation, the likeliest first."""

from collections.abc import Mapping

from hub.canonical.ids import Kind

Names = Mapping[str, tuple[str, ...]]
_WHOSE = ("patientid", "clientid", "guestid", "customerid", "patient", "client", "guest", "customer", "contactid")
_OF_VISIT = ("visitid", "appointmentid", "apptid", "bookingid", "visit", "appointment")
_SERVICE = (
    "serviceid",
    "sessiontypeid",
    "appointmenttypeid",
    "treatmentid",
    "servicevariationid",
    "service",
    "treatment",
    "svcid",
    "svc",
)
_LOCATION = ("locationid", "centerid", "siteid", "calendarid", "clinicid", "branchid", "location", "site")
_PRICE = ("price", "amount", "total", "fee")
_SOLD = ("soldon", "sold", "purchased", "purchasedon", "purchasedate", "saledate", "boughton", "created")
_EXPIRES = ("expireson", "expires", "expiry", "expirydate", "expirationdate", "expiration", "validuntil")
_ACTIVE = ("active", "isactive", "enabled", "archived", "isdeleted", "deleted", "inactive")

LIKELY: Mapping[Kind, Names] = {
    Kind.PATIENT: {
        "given_name": ("givenname", "firstname", "given", "first", "forename", "fname"),
        "family_name": ("familyname", "lastname", "family", "surname", "last", "lname"),
        "born_on": ("birthdate", "dateofbirth", "dob", "birthday", "born", "bornon"),
        "phone": (
            "mobilephone",
            "mobile",
            "phone",
            "phonenumber",
            "cell",
            "cellphone",
            "telephone",
            "homephone",
            "tel",
        ),
        "email": ("email", "emailaddress", "mail"),
        "street": ("street", "addressline1", "address1", "line1", "line", "address", "streetaddress"),
        "city": ("city", "locality", "town"),
        "state": ("state", "region", "province", "statecode", "administrativedistrictlevel1"),
        "postal_code": ("postalcode", "zip", "zipcode", "postcode"),
        "registered_on": ("registeredon", "createdat", "created", "creationdate", "createdate", "insertedat", "since"),
        "note": ("note", "notes", "comment", "comments", "remarks"),
        "texts_allowed": ("sendscheduletexts", "smsok", "smsoptin", "textsallowed", "smsconsent", "allowsms"),
        "marketing_allowed": ("sendpromotionalemails", "marketingok", "marketingallowed", "marketingoptin", "optin"),
        "active": _ACTIVE,
    },
    Kind.PROVIDER: {
        "name": ("name", "displayname", "fullname", "staffname"),
        "title": ("title", "jobtitle", "role", "credentials", "suffix"),
        "license_number": ("licensenumber", "license", "licence", "licensenum"),
        "license_until": ("licenseuntil", "licenseexp", "licenseexpires", "licenseexpiration", "expires"),
        "active": _ACTIVE,
    },
    Kind.LOCATION: {
        "name": ("name", "locationname", "businessname", "displayname"),
        "active": _ACTIVE,
    },
    Kind.RESOURCE: {
        "name": ("name", "resourcename", "roomname", "displayname"),
        "kind": ("kind", "type", "resourcetype", "category"),
        "active": _ACTIVE,
    },
    Kind.SERVICE: {
        "name": ("name", "servicename", "title", "displayname"),
        "sku": ("sku", "code", "servicecode", "externalid", "name"),
        "category": ("category", "categoryname", "group", "servicecategory"),
        "minutes": (
            "minutes",
            "duration",
            "durationmin",
            "durationminutes",
            "defaultduration",
            "serviceduration",
            "length",
        ),
        "price": ("price", "defaultprice", "amount", "pricemoney", "saleprice", "fee", "cost"),
        "active": _ACTIVE,
    },
    Kind.VISIT: {
        "patient_id": _WHOSE,
        "service_id": _SERVICE,
        "location_id": _LOCATION,
        "provider_id": (
            "providerid",
            "staffid",
            "therapistid",
            "teammemberid",
            "staffmemberid",
            "practitionerid",
            "staff",
        ),
        "room_id": ("roomid", "room", "resourceid"),
        "device_id": ("deviceid", "equipmentid", "device", "equipment"),
        "start": (
            "start",
            "startat",
            "starttimeutc",
            "starttime",
            "startdatetime",
            "datetime",
            "startsat",
            "begin",
            "from",
        ),
        "end": ("end", "endat", "endtimeutc", "endtime", "enddatetime", "endsat", "finish", "till", "to"),
        "state": ("status", "state", "bookingstatus", "appointmentstatus"),
        "price": _PRICE,
        "booked_via": ("bookedvia", "source", "bookedby", "channel", "bookingsource"),
        "booked_on": ("bookedon", "createdat", "creationdate", "created", "createddate"),
        "note": ("note", "notes", "comment", "comments", "sellernote", "customernote"),
    },
    Kind.PAYMENT: {
        "patient_id": _WHOSE,
        "visit_id": _OF_VISIT,
        "invoice_id": ("invoiceid", "invoice", "invoicenumber", "saleid"),
        "kind": ("kind", "type", "paymenttype", "transactiontype"),
        "amount": ("amount", "amountmoney", "amountpaid", "total", "paid"),
        "method": ("method", "paymentmethod", "tender", "tendertype", "paymode"),
        "paid_on": ("paidon", "paidat", "paymentdate", "transactiondate", "date", "createdat", "created"),
        "state": ("status", "state", "paymentstatus"),
        "reference": ("reference", "transactionid", "authcode", "confirmation"),
    },
    Kind.PACKAGE: {
        "patient_id": _WHOSE,
        "service_id": _SERVICE,
        "credits": ("credits", "sessions", "sessionsbought", "totalsessions", "quantity", "count"),
        "used_before": ("used", "usedsessions", "sessionsused", "redeemed", "redemptions"),
        "price": _PRICE,
        "sold_on": _SOLD,
        "expires_on": _EXPIRES,
    },
    Kind.GIFT_CARD: {
        "code": ("code", "number", "cardnumber", "giftcardnumber", "gan"),
        "patient_id": _WHOSE,
        "value": ("value", "initialvalue", "originalamount", "amount", "facevalue", "loaded"),
        "left": ("balance", "left", "remaining", "currentbalance", "balancemoney", "remainingbalance"),
        "sold_on": _SOLD,
        "expires_on": _EXPIRES,
        "active": _ACTIVE,
    },
    Kind.MEMBERSHIP: {
        "patient_id": _WHOSE,
        "plan": ("plan", "planname", "membershipname", "membership", "name", "tier"),
        "price": _PRICE,
        "every_months": ("everymonths", "intervalmonths", "billingmonths", "termmonths"),
        "started_on": ("startedon", "started", "startdate", "start", "joined", "since"),
        "ends_on": ("endson", "ends", "enddate", "end", "cancelledon", *_EXPIRES),
        "next_billing_on": ("nextbilling", "nextbillingdate", "nextbillingon", "nextpayment", "renewson"),
        "credit": ("credit", "creditbalance", "balance", "bank", "credits"),
        "state": ("status", "state", "membershipstatus"),
    },
    Kind.INVOICE: {
        "patient_id": _WHOSE,
        "visit_id": _OF_VISIT,
        "number": ("number", "invoicenumber", "invoiceno"),
        "issued_on": ("issuedon", "issued", "invoicedate", "date", "createdat", "created"),
        "due_on": ("dueon", "due", "duedate"),
        "state": ("status", "state", "invoicestatus"),
        "total": ("total", "totalamount", "amount", "grandtotal", "totalmoney"),
    },
    Kind.LOT: {
        "product_id": ("productid", "product", "productname", "itemid", "item", "sku"),
        "location_id": _LOCATION,
        "name": ("lot", "lotnumber", "lotno", "batch", "batchnumber", "lotcode"),
        "expires_on": _EXPIRES,
        "on_hand": ("onhand", "quantityonhand", "quantity", "qty", "stock", "instock", "count"),
        "unit": ("unit", "units", "unitofmeasure", "uom"),
    },
}

REFERENCES: Mapping[str, Kind] = {
    "patient_id": Kind.PATIENT,
    "service_id": Kind.SERVICE,
    "location_id": Kind.LOCATION,
    "provider_id": Kind.PROVIDER,
    "room_id": Kind.RESOURCE,
    "device_id": Kind.RESOURCE,
    "visit_id": Kind.VISIT,
    "invoice_id": Kind.INVOICE,
    "product_id": Kind.PRODUCT,
}

_OF_VISITS: Names = {
    "booked": ("booked", "confirmed", "scheduled", "accepted", "pending", "requested", "new", "active", "unconfirmed"),
    "arrived": ("arrived", "checkedin", "here", "started", "inprogress"),
    "fulfilled": ("fulfilled", "completed", "complete", "done", "closed", "final", "checkedout", "finished"),
    "cancelled": ("cancelled", "canceled", "latecancelled", "declined", "voided", "deleted", "cxl"),
    "no_show": ("noshow", "noshowed", "missed", "ns"),
}
MEANINGS: Mapping[tuple[Kind, str], Names] = {
    (Kind.VISIT, "state"): _OF_VISITS,
    (Kind.PAYMENT, "kind"): {
        "payment": ("payment", "paid", "sale", "charge", "purchase"),
        "deposit": ("deposit", "bookingdeposit", "prepayment", "retainer"),
        "fee": ("fee", "noshowfee", "cancellationfee", "latecancellationfee", "latecancelfee"),
        "refund": ("refund", "refunded", "partialrefund", "chargeback", "credit"),
    },
    (Kind.PAYMENT, "state"): {
        "settled": ("settled", "completed", "complete", "paid", "captured", "succeeded", "success", "approved"),
        "pending": ("pending", "authorized", "processing", "open"),
        "failed": ("failed", "declined", "error"),
        "voided": ("voided", "void", "cancelled", "canceled"),
    },
    (Kind.MEMBERSHIP, "state"): {
        "active": ("active", "current"),
        "paused": ("paused", "frozen", "onhold", "suspended"),
        "ended": ("ended", "cancelled", "canceled", "expired", "terminated", "inactive"),
    },
    (Kind.INVOICE, "state"): {
        "draft": ("draft",),
        "open": ("open", "unpaid", "due", "partiallypaid", "overdue"),
        "paid": ("paid", "closed"),
        "void": ("void", "voided", "writtenoff", "cancelled", "canceled"),
    },
}
"""The hub's words for where something stands or what it is, and how systems spell them."""
OPPOSITES = frozenset({"archived", "isdeleted", "deleted", "inactive"})
"""Keys that say the opposite of `active`."""
