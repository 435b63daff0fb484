"""The documents in which entries, users, settings and the fields of a change are kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from daemon.core.account import Account, Settings, Stage, State, WritePause
from daemon.core.company import ActivityType, Category, User
from daemon.core.link import Base, Claim, Deed, Link, Side, Stand, Standing
from daemon.core.seen import Activity, Copy, Mark
from daemon.store.values import (
    Json,
    document,
    entry_from_json,
    entry_to_json,
    half_from_json,
    half_to_json,
    instant_in,
    instant_out,
    opened,
    original_in,
    original_out,
    sparse,
)


def encode_link(link: Link) -> str:
    """Return the document of an entry."""
    return document(
        id=link.id,
        born=link.born.value,
        activity=_activity_out(link.activity) if link.activity else None,
        copies=[_copy_out(copy) for copy in link.copies],
        source=link.source,
        base=_base_out(link.base),
        claims=[_claim_out(claim) for claim in link.claims],
        standing=sparse(
            stand=link.standing.stand.value,
            reason=link.standing.reason,
        ),
        generation=link.generation,
        doubted=sorted(side.value for side in link.doubted),
        left=sorted(link.left),
        parent=link.parent or None,
        original=original_out(link.original),
    )


def decode_link(text: str) -> Link:
    """Return the entry of a document."""
    raw = opened(text)
    standing = raw["standing"]
    return Link(
        id=raw["id"],
        born=Side(raw["born"]),
        activity=_activity_in(raw["activity"]) if "activity" in raw else None,
        copies=tuple(_copy_in(copy) for copy in raw["copies"]),
        source=raw["source"],
        base=_base_in(raw["base"]),
        claims=tuple(_claim_in(claim) for claim in raw["claims"]),
        standing=Standing(
            stand=Stand(standing["stand"]),
            reason=standing["reason"],
        ),
        generation=raw["generation"],
        doubted=frozenset(Side(side) for side in raw["doubted"]),
        left=frozenset(raw.get("left", ())),
        parent=raw.get("parent", ""),
        original=original_in(raw.get("original")),
    )


def encode_account(account: Account) -> str:
    """Return the document of a user and the state of that user's sync."""
    return document(
        user=_user_out(account.user),
        is_enabled=account.is_enabled,
        address=account.address,
        state=account.state.value,
        reason=account.reason,
        stage=account.stage.value,
        is_again=account.is_again,
        enabled_at=instant_out(account.enabled_at),
        cursor=account.cursor,
        last_synced_at=instant_out(account.last_synced_at),
        last_seen_at=instant_out(account.last_seen_at),
        logged_out_at=instant_out(account.logged_out_at),
        retry_at=instant_out(account.retry_at),
        attempts=account.attempts,
        done=account.done,
        total=account.total,
        write_pause=_write_pause_out(account.write_pause),
    )


def decode_account(text: str) -> Account:
    """Return the user of a document."""
    raw = opened(text)
    return Account(
        user=_user_in(raw["user"]),
        is_enabled=raw["is_enabled"],
        address=raw["address"],
        state=State(raw["state"]),
        reason=raw["reason"],
        stage=Stage(raw["stage"]),
        is_again=raw.get("is_again", False),
        enabled_at=instant_in(raw.get("enabled_at")),
        cursor=raw.get("cursor"),
        last_synced_at=instant_in(raw.get("last_synced_at")),
        last_seen_at=instant_in(raw.get("last_seen_at")),
        logged_out_at=instant_in(raw.get("logged_out_at")),
        retry_at=instant_in(raw.get("retry_at")),
        attempts=raw["attempts"],
        done=raw["done"],
        total=raw["total"],
        write_pause=_write_pause_in(raw.get("write_pause")),
    )


def encode_settings(settings: Settings) -> str:
    """Return the document of the company's settings."""
    return document(
        is_on=settings.is_on,
        selected=sorted(settings.selected),
        types=[_type_out(kind) for kind in settings.types],
        service_account=settings.service_account,
        test_user=settings.test_user,
        cursor=settings.cursor,
        fault=settings.fault,
        api_user=settings.api_user,
        is_copy=settings.is_copy,
        restored_at=settings.restored_at.isoformat() if settings.restored_at else None,
        translators={side.value: number for side, number in settings.translators.items()},
    )


def decode_settings(text: str) -> Settings:
    """Return the settings of a document."""
    raw = opened(text)
    return Settings(
        is_on=raw["is_on"],
        selected=frozenset(raw["selected"]),
        types=tuple(_type_in(kind) for kind in raw["types"]),
        service_account=raw["service_account"],
        test_user=raw["test_user"],
        cursor=raw.get("cursor"),
        fault=raw["fault"],
        api_user=raw["api_user"],
        is_copy=raw.get("is_copy", False),
        restored_at=_instant_in(raw.get("restored_at")),
        translators={Side(name): number for name, number in raw.get("translators", {}).items()},
    )


def _instant_in(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def encode_fields(fields: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the document of a change's fields, whose values are in JSON form already."""
    return document(fields={name: dict(values) for name, values in fields.items()})


def decode_fields(text: str) -> dict[str, dict[str, Any]]:
    """Return the fields of a change from their document."""
    fields: dict[str, dict[str, Any]] = opened(text)["fields"]
    return fields


def _base_out(base: Base) -> Json:
    return {
        "severa": half_to_json(base.severa),
        "google": half_to_json(base.google),
        "type": base.type,
        "is_masked": base.is_masked,
    }


def _base_in(raw: Json) -> Base:
    return Base(
        severa=half_from_json(raw["severa"]),
        google=half_from_json(raw["google"]),
        type=raw["type"],
        is_masked=raw["is_masked"],
    )


def _activity_out(activity: Activity) -> Json:
    return sparse(
        ref=activity.ref,
        user=activity.user,
        entry=entry_to_json(activity.entry),
        type=activity.type,
        category=activity.category.value,
        has_hours=activity.has_hours,
        is_unassigned=activity.is_unassigned,
        members=sorted(activity.members),
        is_bare=activity.is_bare,
        created_at=instant_out(activity.created_at),
        created_by=activity.created_by,
        updated_at=instant_out(activity.updated_at),
        translator=activity.translator or None,
    )


def _activity_in(raw: Json) -> Activity:
    return Activity(
        ref=raw["ref"],
        user=raw["user"],
        entry=entry_from_json(raw["entry"]),
        type=raw["type"],
        category=Category(raw["category"]),
        has_hours=raw["has_hours"],
        is_unassigned=raw["is_unassigned"],
        members=frozenset(raw.get("members", ())),
        is_bare=raw["is_bare"],
        created_at=instant_in(raw.get("created_at")),
        created_by=raw["created_by"],
        updated_at=instant_in(raw.get("updated_at")),
        translator=raw.get("translator", 0),
    )


def _copy_out(copy: Copy) -> Json:
    return sparse(
        ref=copy.ref,
        user=copy.user,
        entry=entry_to_json(copy.entry),
        uid=copy.uid,
        version=copy.version,
        kind=copy.kind,
        is_organizer=copy.is_organizer,
        is_writable=copy.is_writable,
        mark=[copy.mark.activity, copy.mark.event] if copy.mark else None,
        address=copy.address,
        organizer=copy.organizer,
        before=entry_to_json(copy.before) if copy.before else None,
        translator=copy.translator or None,
    )


def _copy_in(raw: Json) -> Copy:
    return Copy(
        ref=raw["ref"],
        user=raw["user"],
        entry=entry_from_json(raw["entry"]),
        uid=raw["uid"],
        version=raw["version"],
        kind=raw["kind"],
        is_organizer=raw["is_organizer"],
        is_writable=raw["is_writable"],
        mark=Mark(*raw["mark"]) if "mark" in raw else None,
        address=raw.get("address", ""),
        organizer=raw.get("organizer", ""),
        before=entry_from_json(raw["before"]) if "before" in raw else None,
        translator=raw.get("translator", 0),
    )


def _claim_out(claim: Claim) -> Json:
    return sparse(
        side=claim.side.value,
        deed=claim.deed.value,
        made_at=instant_out(claim.made_at),
        values=entry_to_json(claim.values),
        takes_in=entry_to_json(claim.takes_in),
        ref=claim.ref,
        user=claim.user,
        since=instant_out(claim.since),
        version=claim.version,
        is_checked=claim.is_checked,
    )


def _claim_in(raw: Json) -> Claim:
    return Claim(
        side=Side(raw["side"]),
        deed=Deed(raw["deed"]),
        made_at=datetime.fromisoformat(raw["made_at"]),
        values=entry_from_json(raw["values"]),
        takes_in=entry_from_json(raw["takes_in"]),
        ref=raw["ref"],
        user=raw["user"],
        since=instant_in(raw.get("since")),
        version=raw["version"],
        is_checked=raw["is_checked"],
    )


def _write_pause_out(pause: WritePause | None) -> Json | None:
    if pause is None:
        return None
    return {"until": instant_out(pause.until), "length_s": pause.length.total_seconds()}


def _write_pause_in(raw: Json | None) -> WritePause | None:
    until = instant_in(raw["until"]) if raw else None
    return WritePause(until, timedelta(seconds=raw["length_s"])) if raw and until else None


def _user_out(user: User) -> Json:
    return sparse(
        guid=user.guid,
        email=user.email,
        name=user.name,
        zone=user.zone,
        is_active=user.is_active,
        default_type=user.default_type,
        last_login=instant_out(user.last_login),
    )


def _user_in(raw: Json) -> User:
    return User(**{**raw, "last_login": instant_in(raw.get("last_login"))})


def _type_out(kind: ActivityType) -> Json:
    return {
        "guid": kind.guid,
        "name": kind.name,
        "category": kind.category.value,
        "is_active": kind.is_active,
        "is_default": kind.is_default,
    }


def _type_in(raw: Json) -> ActivityType:
    return ActivityType(**{**raw, "category": Category(raw["category"])})
