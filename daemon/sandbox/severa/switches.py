"""What nobody knows about the real Severa: a switch for each open question, set to what is assumed."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The open questions Q1 to Q26 about Severa's API, each with the answer that is assumed unless set."""

    all_day_end: Literal["exclusive", "inclusive"] = "exclusive"
    """Q1: an all-day entry ends at the midnight after its last day, or at 23:59:59 of it."""
    times: Literal["utc", "owner"] = "utc"
    """Q2: the zone in which an activity's times are written."""
    occurrence_ids: Literal["joined", "plain", "unstable"] = "joined"
    """Q3: an occurrence goes by two guids joined by `;`, by one, or by two of which one is new after each edit."""
    exceptions_listed: Literal["all", "deleted"] = "all"
    """Q4: `recurrence.exceptions` has the starts of moved and deleted occurrences alike, or of deleted ones alone."""
    occurrence_write: Literal["new-guid", "same-guid", "refused"] = "new-guid"
    """Q5: a write to an occurrence makes an exception under a new guid, under the same one, or is refused."""
    reset_restores: Literal["all", "changed"] = "all"
    """Q6: resetting exceptions brings deleted occurrences back as well, or only undoes changes."""
    series_post: bool = True
    """Q7: an activity may be created with a recurrence."""
    series_patch: bool = False
    """Q7: the recurrence of an activity may be patched."""
    rule_text: bool = True
    """Q7: `recurrenceRule` holds the rule as RFC 5545 writes it; else it is empty."""
    endless_days: int = 365
    """Q8: how many days ahead of now an endless series is expanded where a listing has no end."""
    series_edit_stamps: bool = True
    """Q9: an edit of a series stamps its occurrences as updated."""
    finds_never_updated: bool = True
    """Q9: `changedSince` finds what was created since and never updated."""
    participants_stamp: bool = False
    """Q10: adding, removing or changing a participant stamps the activity as updated."""
    hours_stamp: bool = False
    """Q10: booking hours stamps the activity as updated."""
    owner_is_listed: bool = False
    """Q11: the owner stands among the participants."""
    participants_echo: bool = False
    """Q11: an activity is answered with its participants, which its document does not declare."""
    participant_type: Literal["inferred", "required"] = "inferred"
    """Q12: a participant may be added without saying of which type it is."""
    duplicate_participant: Literal["refused", "doubled", "kept"] = "refused"
    """Q12: who takes part already is refused, gets a second row, or keeps the row that is there."""
    participant_patch: bool = True
    """Q12: a participant's status can be patched."""
    hours_keep: bool = True
    """Q13: an activity with hours is not deleted."""
    exceptions_keep: bool = False
    """Q13: a series that has exceptions is not deleted."""
    category_may_change: bool = False
    """Q14: an activity can be given a type of another category."""
    private_texts: Literal["full", "hidden"] = "full"
    """Q15: the API tells what personal entries and absences are about, or only that there are some."""
    patch_values: Literal["any", "strings"] = "any"
    """Q16: a patch takes truth values as JSON has them, or as strings only."""
    patch_null: Literal["clears", "refused", "ignored"] = "clears"
    """Q16: what null in a patch does to a property that may be empty."""
    patch_lower_case: bool = True
    """Q16: an operation may be spelled `replace` as well."""
    patch_under_null: bool = True
    """Q16: `/customer/guid` can be set where there is no customer yet; likewise phase and task status."""
    patch_of_many: Literal["two-lists", "array", "refused"] = "two-lists"
    """Q17: how a patch of several activities is answered."""
    rows_over_max: Literal["clamped", "refused"] = "clamped"
    """Q18: what happens to somebody who asks for more than 100 rows a page."""
    page_token_s: int = 600
    """Q18: how long a page token lives, in seconds."""
    order: Literal["guid", "latest-first"] = "guid"
    """Q18: the order of a listing; with the latest change first, rows move while a listing is paged."""
    limit_by: Literal["client", "address", "organization"] = "client"
    """Q19: whose calls are counted together."""
    retry_after: Literal["", "seconds", "date"] = ""
    """Q19: how a 429 says how long to wait, if it does."""
    limit_body: Literal["text", "json"] = "text"
    """Q19: a 429 is told in plain text, or as every other refusal."""
    token_s: int = 3600
    """Q20: how long an access token lives, in seconds."""
    expiry_unit: Literal["seconds", "minutes", "milliseconds"] = "seconds"
    """Q20: the unit of `access_token_expires_in`."""
    expiry_zone: Literal["z", "offset"] = "z"
    """Q20: `access_token_expires_utc` ends in Z, or is told with the company's offset."""
    refresh_once: bool = True
    """Q20: a refresh token is good once."""
    old_tokens_live: bool = True
    """Q20: tokens given out before stay good when another one is."""
    scope_status: Literal[403, 401] = 403
    """Q21: the status for a scope that is missing."""
    invalid_status: Literal[400, 422] = 400
    """Q21: the status for bad input."""
    unknown_email_is_404: bool = False
    """Q21: the users of an unknown e-mail address are answered 404 instead of an empty list."""
    default_types: Literal["one", "per-category"] = "one"
    """Q22: the company has one default activity type, or one in each category."""
    default_may_be_inactive: bool = False
    """Q22: a default type that is made inactive goes on being the default."""
    unassigned_owner: Literal["creator", "given"] = "creator"
    """Q23: whom an unassigned activity names as its owner."""
    point_end: Literal["null", "start"] = "null"
    """Q23: the end of an activity without duration."""
    inactive_owners_listed: bool = True
    """Q24: the activities of inactive users are listed."""
    inactive_may_own: bool = False
    """Q24: an inactive user can be made an owner."""
    repeated_post: Literal["doubles", "answered"] = "doubles"
    """Q25: a POST repeated within a minute makes a double, or is answered with what the first one made."""
    notes_form: Literal["plain", "html"] = "plain"
    """Q26: notes are told as they were written, or as HTML."""
    name_max: int = 200
    """Q26: how many characters a name may have."""
    notes_max: int = 10_000
    """Q26: how many characters notes may have."""


DEFAULT = Switches()
