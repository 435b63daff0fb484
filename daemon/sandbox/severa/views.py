"""Writes what the sandbox Severa keeps as the models of its OpenAPI document."""

from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING
from uuid import NAMESPACE_DNS, uuid5

from daemon.sandbox.severa.model import Activity, ActivityType, Guest, Json, Participant, User
from daemon.sandbox.severa.series import rule_text

if TYPE_CHECKING:
    from daemon.sandbox.severa.state import SeveraState

_WINDOWS_ZONES = {
    "Europe/Helsinki": "FLE Standard Time",
    "Europe/London": "GMT Standard Time",
    "Europe/Oslo": "W. Europe Standard Time",
    "Europe/Stockholm": "W. Europe Standard Time",
}


def activity_model(state: "SeveraState", activity: Activity) -> Json:
    """Return an `ActivityModel`."""
    zone = state.zone_of(activity.owner_guid)
    shown = zone if state.switches.times == "owner" else UTC
    kind = state.types[activity.type_guid]
    owner = state.users[activity.owner_guid]
    end = activity.end
    if end and activity.is_all_day and state.switches.all_day_end == "inclusive":
        end -= timedelta(seconds=1)
    if not activity.has_duration and state.switches.point_end == "start":
        end = activity.start
    return {
        "startDateTime": activity.start.astimezone(shown).isoformat(),
        "endDateTime": end.astimezone(shown).isoformat() if end else None,
        "isClosed": activity.is_closed,
        "isAllDay": activity.is_all_day,
        "hasDuration": activity.has_duration,
        "isUnassigned": activity.is_unassigned,
        "hasHours": activity.has_hours,
        "notes": activity.notes,
        "location": activity.location,
        "activityType": {"guid": kind.guid, "name": kind.name, "category": kind.category},
        "ownerUser": {"code": None, "guid": owner.guid, "name": owner.name, "keywords": []},
        "customer": activity.customer,
        "phase": _phase(state, activity.phase),
        "recurrenceParentActivityGuid": activity.parent_guid,
        "projectTaskStatus": activity.task_status,
        "recurrence": _recurrence(state, activity),
        "recurrenceRule": _rule(state, activity),
        "recurrenceType": activity.recurrence_type,
        "guid": activity.guid,
        "name": activity.name,
        "createdDateTime": activity.created.astimezone(shown).isoformat(),
        "createdBy": author_model(state, activity.created_by),
        "lastUpdatedDateTime": activity.updated.astimezone(shown).isoformat()
        if activity.updated
        else None,
        "lastUpdatedBy": author_model(state, activity.updated_by),
    }


def told(state: "SeveraState", activity: Activity) -> Json:
    """Return an `ActivityModel` as the API tells it, which may be less than people see of it."""
    model = activity_model(state, activity)
    if state.switches.notes_form == "html" and activity.notes:
        lines = escape(activity.notes, quote=False).split("\n")
        model["notes"] = "".join(f"<p>{line or '<br>'}</p>" for line in lines)
    is_private = model["activityType"]["category"] in ("Personal", "Absences")
    if is_private and state.switches.private_texts == "hidden":
        model |= {"name": model["activityType"]["name"], "notes": None, "location": None}
    if state.switches.participants_echo:
        model["participants"] = [state.participant(row) for row in state.seats(activity)]
    return model


def author_model(state: "SeveraState", guid: str | None) -> Json | None:
    """Return who created or changed something: a person, or the user of a set of credentials."""
    if guid is None:
        return None
    user = state.users.get(guid)
    first, last = (user.first_name, user.last_name) if user else ("API", "User")
    return {
        "code": None,
        "name": f"{first} {last}",
        "guid": guid,
        "firstName": first,
        "lastName": last,
    }


def type_model(kind: ActivityType) -> Json:
    """Return an `ActivityTypeModel`."""
    return {
        "isActive": kind.is_active,
        "isDefault": kind.is_default,
        "isPaidLeave": True if kind.category == "Absences" else None,
        "category": kind.category,
        "code": None,
        "guid": kind.guid,
        "name": kind.name,
        **_stamps(kind.created, kind.updated),
    }


def user_model(state: "SeveraState", user: User) -> Json:
    """Return a `UserOutputModel`, reduced to what its document declares."""
    default = state.types.get(user.default_type or "")
    return {
        "firstName": user.first_name,
        "lastName": user.last_name,
        **_stamps(user.created, user.updated),
        "guid": user.guid,
        "isActive": user.is_active,
        "email": user.email,
        "businessUnit": {"guid": user.business_unit} if user.business_unit else None,
        "superiorUser": {"guid": user.superior} if user.superior else None,
        "lastLogin": user.last_login.isoformat() if user.last_login else None,
        "title": None,
        "code": user.code,
        "language": None,
        "timezone": _timezone(user.zone),
        "keywords": [{"value": keyword} for keyword in user.keywords],
        "defaultActivityType": {"guid": default.guid, "name": default.name} if default else None,
        "userType": "FullUser",
    }


def participant_model(participant: Participant, person: User | Guest) -> Json:
    """Return an `ActivityParticipantModel`."""
    return {
        "guid": participant.guid,
        "name": person.name,
        "type": person.kind if isinstance(person, Guest) else "User",
        "participantGuid": participant.participant_guid,
        "activityGuid": participant.activity_guid,
        "email": person.email,
        "phone": None,
        "mobilePhone": None,
        "status": participant.status,
        "isActive": person.is_active if isinstance(person, User) else True,
    }


def _phase(state: "SeveraState", given: Json | None) -> Json | None:
    phase = state.phases.get(given["guid"]) if given else None
    if phase is None:
        return given
    return {
        "guid": phase.guid,
        "name": phase.name,
        "isLocked": False,
        "projectGuid": phase.project,
        "projectOwnerGuid": phase.project_owner,
    }


def _recurrence(state: "SeveraState", activity: Activity) -> Json | None:
    if activity.recurrence is None:
        return None
    last = state.last_start(activity)
    return {
        **activity.recurrence,
        "exceptions": [start.isoformat() for start in state.exception_starts(activity)],
        "lastOccurrenceDateTime": last.isoformat() if last else None,
    }


def _rule(state: "SeveraState", activity: Activity) -> str | None:
    if activity.recurrence is None or not state.switches.rule_text:
        return None
    zone = state.zone_of(activity.owner_guid)
    return rule_text(activity.recurrence, activity.start.astimezone(zone).date())


def _stamps(created: datetime, updated: datetime | None) -> Json:
    return {
        "createdDateTime": created.isoformat(),
        "createdBy": None,
        "lastUpdatedDateTime": updated.isoformat() if updated else None,
        "lastUpdatedBy": None,
    }


def _timezone(name: str | None) -> Json | None:
    if name is None:
        return None
    guid = str(uuid5(NAMESPACE_DNS, name))
    return {"name": name, "guid": guid, "systemName": _WINDOWS_ZONES.get(name), "ianaName": name}
