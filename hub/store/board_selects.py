"""What the day board asks the database."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Select,
    and_,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    union,
    union_all,
)

from hub.canonical.time import Span
from hub.store.tables.booking import block, claim, hold, resource_unit
from hub.store.tables.journal import review_issue
from hub.store.tables.records import patient, provider, resource, service, visit

ONE_DAY = timedelta(days=1)


def bookable_at(location_id: str) -> Select[Any]:
    """Ids of all that can be booked there."""
    people = select(provider.c.id).where(provider.c.location_id == location_id, provider.c.bookable)
    things = select(resource.c.id).where(resource.c.location_id == location_id, resource.c.bookable)
    return select(union_all(people, things).subquery())


def _meets(span: Span) -> Any:
    return claim.c.during.op("&&")(func.tstzrange(span.start, span.end))


def visits_of(location_id: str, span: Span, resource_ids: Collection[str]) -> Select[Any]:
    """By start for the location's own (a day back, for those that pass midnight), by claim for all others."""
    own = select(visit.c.id).where(
        visit.c.location_id == location_id,
        visit.c.start >= span.start - ONE_DAY,
        visit.c.start < span.end,
        visit.c.end > span.start,
    )
    claimed = (
        select(claim.c.visit_id)
        .join(resource_unit, claim.c.unit_id == resource_unit.c.id)
        .where(
            _meets(span),
            claim.c.visit_id.is_not(None),
            resource_unit.c.owner_kind == "resource",
            resource_unit.c.owner_id.in_(resource_ids),
        )
    )
    return (
        select(
            visit.c.id,
            visit.c.patient_id,
            visit.c.service_id,
            visit.c.start,
            visit.c.end,
            visit.c.state,
            patient.c.given_name,
            func.left(patient.c.family_name, 1).label("family_initial"),
            service.c.name.label("service"),
        )
        .join(patient, visit.c.patient_id == patient.c.id)
        .join(service, visit.c.service_id == service.c.id, isouter=True)
        .where(visit.c.id.in_(union(own, claimed)))
        .order_by(visit.c.start, visit.c.id)
    )


def claims_of(visit_ids: Collection[str]) -> Select[Any]:
    """What the visits take, of whom."""
    return (
        select(claim, resource_unit.c.owner_kind, resource_unit.c.owner_id)
        .join(resource_unit, claim.c.unit_id == resource_unit.c.id)
        .where(claim.c.visit_id.in_(visit_ids))
        .order_by(claim.c.visit_id, claim.c.during, claim.c.id)
    )


def blocks_on(location_id: str, span: Span, resource_ids: Collection[str]) -> Select[Any]:
    """Time that is no visit's: blocks, and holds that are not over."""
    reason = case((hold.c.id.is_not(None), "hold"), else_=block.c.reason)
    return (
        select(claim.c.during, reason.label("reason"), resource_unit.c.owner_kind, resource_unit.c.owner_id)
        .join(resource_unit, claim.c.unit_id == resource_unit.c.id)
        .join(block, claim.c.block_id == block.c.id, isouter=True)
        .join(hold, and_(claim.c.hold_id == hold.c.id, hold.c.expires_at > func.now()), isouter=True)
        .where(
            _meets(span),
            resource_unit.c.owner_kind == "resource",
            or_(block.c.id.is_not(None), hold.c.id.is_not(None)),
            or_(
                block.c.location_id == location_id,
                hold.c.location_id == location_id,
                resource_unit.c.owner_id.in_(resource_ids),
            ),
        )
        .order_by(claim.c.during, claim.c.id)
    )


def issues_of(visit_ids: Collection[str]) -> Select[Any]:
    """What is open of the visits themselves."""
    return (
        select(review_issue.c.subject_id, review_issue.c.kind, review_issue.c.codes)
        .where(
            review_issue.c.state == "open",
            review_issue.c.subject_kind == "visit",
            review_issue.c.subject_id.in_(visit_ids),
        )
        .order_by(review_issue.c.subject_id, review_issue.c.id)
    )


def open_issues(limit: int) -> Select[Any]:
    """A subject is a record's id, or `system/id` where it is about a record at another system."""
    subject_id = func.split_part(review_issue.c.subject_id, "/", -1)
    about_visit = and_(review_issue.c.subject_kind == "visit", subject_id == visit.c.id)
    about_block = and_(review_issue.c.subject_kind == "block", review_issue.c.subject_id == block.c.id)
    start = func.coalesce(visit.c.start, func.lower(block.c.during))
    to_come = func.coalesce(start >= func.now() - ONE_DAY, false())
    return (
        select(
            review_issue,
            func.coalesce(visit.c.location_id, block.c.location_id).label("location_id"),
            start.label("start"),
            service.c.name.label("service"),
        )
        .select_from(review_issue.outerjoin(visit, about_visit).outerjoin(block, about_block))
        .join(service, visit.c.service_id == service.c.id, isouter=True)
        .where(review_issue.c.state == "open")
        .order_by(to_come.desc(), case((to_come, start)), review_issue.c.opened_at, review_issue.c.id)
        .limit(limit)
    )


def resources_of(ids: Collection[str]) -> Select[Any]:
    """People and things in one form."""
    people = select(provider.c.id, provider.c.kind, provider.c.name, provider.c.capacity, provider.c.title).where(
        provider.c.id.in_(ids)
    )
    things = select(
        resource.c.id, resource.c.kind, resource.c.name, resource.c.capacity, literal_column("NULL").label("title")
    ).where(resource.c.id.in_(ids))
    return select(union_all(people, things).subquery())
