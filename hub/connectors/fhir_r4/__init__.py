"""FHIR R4 servers: patients, practitioners, locations and appointments in, appointments out."""
