"""What systems call the canonical fields: key names without case and punctuation, the likeliest first."""

from collections.abc import Mapping

from hub.canonical.ids import Kind

Names = Mapping[str, tuple[str, ...]]

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
        "active": ("active", "isactive", "enabled", "archived", "isdeleted", "deleted", "inactive"),
    },
    Kind.PROVIDER: {
        "name": ("name", "displayname", "fullname", "staffname"),
        "title": ("title", "jobtitle", "role", "credentials", "suffix"),
        "license_number": ("licensenumber", "license", "licence", "licensenum"),
        "license_until": ("licenseuntil", "licenseexp", "licenseexpires", "licenseexpiration", "expires"),
        "active": ("active", "isactive", "enabled", "archived", "isdeleted", "deleted", "inactive"),
    },
    Kind.LOCATION: {
        "name": ("name", "locationname", "businessname", "displayname"),
        "active": ("active", "isactive", "enabled", "archived", "isdeleted", "deleted", "inactive"),
    },
    Kind.RESOURCE: {
        "name": ("name", "resourcename", "roomname", "displayname"),
        "kind": ("kind", "type", "resourcetype", "category"),
        "active": ("active", "isactive", "enabled", "archived", "isdeleted", "deleted", "inactive"),
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
        "active": ("active", "isactive", "enabled", "archived", "isdeleted", "deleted", "inactive"),
    },
    Kind.VISIT: {
        "patient_id": (
            "patientid",
            "clientid",
            "guestid",
            "customerid",
            "patient",
            "client",
            "guest",
            "customer",
            "contactid",
        ),
        "service_id": (
            "serviceid",
            "sessiontypeid",
            "appointmenttypeid",
            "treatmentid",
            "servicevariationid",
            "service",
            "treatment",
            "svcid",
            "svc",
        ),
        "location_id": ("locationid", "centerid", "siteid", "calendarid", "clinicid", "branchid", "location", "site"),
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
        "price": ("price", "amount", "total", "fee"),
        "booked_via": ("bookedvia", "source", "bookedby", "channel", "bookingsource"),
        "booked_on": ("bookedon", "createdat", "creationdate", "created", "createddate"),
        "note": ("note", "notes", "comment", "comments", "sellernote", "customernote"),
    },
}

REFERENCES: Mapping[str, Kind] = {
    "patient_id": Kind.PATIENT,
    "service_id": Kind.SERVICE,
    "location_id": Kind.LOCATION,
    "provider_id": Kind.PROVIDER,
    "room_id": Kind.RESOURCE,
    "device_id": Kind.RESOURCE,
}

STATES: Mapping[str, tuple[str, ...]] = {
    "booked": ("booked", "confirmed", "scheduled", "accepted", "pending", "requested", "new", "active", "unconfirmed"),
    "arrived": ("arrived", "checkedin", "here", "started", "inprogress"),
    "fulfilled": ("fulfilled", "completed", "complete", "done", "closed", "final", "checkedout", "finished"),
    "cancelled": ("cancelled", "canceled", "latecancelled", "declined", "voided", "deleted", "cxl"),
    "no_show": ("noshow", "noshowed", "missed", "ns"),
}
"""The hub's words for where a visit stands, and how systems spell them."""
OPPOSITES = frozenset({"archived", "isdeleted", "deleted", "inactive"})
"""Keys that say the opposite of `active`."""
