"""Arbitrary values of the core, as far as their types allow."""

from datetime import UTC

from hypothesis import strategies as st

from daemon.core.account import Account, Settings, Stage, State
from daemon.core.company import ActivityType, Category, User
from daemon.core.entry import UNKNOWN, AllDay, Answer, Entry, Nothing, People, Timed
from daemon.core.link import Base, Claim, Deed, Link, Side, Stand, Standing
from daemon.core.recurrence import Recurrence
from daemon.core.seen import Activity, Copy, Mark

text = st.text(max_size=8)
instants = st.datetimes(timezones=st.just(UTC))
maybe_instant = st.none() | instants
unknown = st.just(UNKNOWN)
recurrences = st.none() | st.builds(Recurrence, st.lists(text, max_size=2).map(tuple), text)
whens = st.builds(Timed, instants, maybe_instant, recurrences) | st.builds(
    AllDay, st.dates(), st.none() | st.dates(), recurrences
)
addresses = st.text(min_size=1, max_size=8)
answers = st.dictionaries(addresses, st.sampled_from(Answer), max_size=3)
# Part of a list that names nobody says nothing, and comes back as unknown.
people = st.builds(People.of, answers) | st.builds(
    People.of, answers.filter(bool), is_whole=st.just(False)
)
entries = st.builds(
    Entry,
    title=unknown | text,
    when=unknown | whens,
    location=unknown | text,
    notes=unknown | text,
    private=unknown | st.booleans(),
    people=unknown | people,
)
halves = entries | st.sampled_from(Nothing)
activities = st.builds(
    Activity,
    ref=text,
    user=text,
    entry=entries,
    type=text,
    category=st.sampled_from(Category),
    has_hours=st.booleans(),
    is_unassigned=st.booleans(),
    members=st.frozensets(text, max_size=3),
    is_bare=st.booleans(),
    created_at=maybe_instant,
    created_by=text,
    updated_at=maybe_instant,
    translator=st.integers(0, 9),
)
copies = st.builds(
    Copy,
    ref=text,
    user=text,
    entry=entries,
    uid=text,
    version=text,
    kind=text,
    is_organizer=st.booleans(),
    is_writable=st.booleans(),
    mark=st.none() | st.builds(Mark, text, text),
    address=text,
    organizer=text,
    before=st.none() | entries,
    translator=st.integers(0, 9),
)
claims = st.builds(
    Claim,
    side=st.sampled_from(Side),
    deed=st.sampled_from(Deed),
    made_at=instants,
    values=entries,
    takes_in=entries,
    ref=text,
    user=text,
    since=maybe_instant,
    version=text,
    is_checked=st.booleans(),
)
links = st.builds(
    Link,
    id=text,
    born=st.sampled_from(Side),
    activity=st.none() | activities,
    copies=st.lists(copies, max_size=2).map(tuple),
    source=text,
    base=st.builds(Base, halves, halves, text, st.booleans()),
    claims=st.lists(claims, max_size=2).map(tuple),
    standing=st.builds(Standing, st.sampled_from(Stand), text),
    generation=st.integers(0, 9),
    doubted=st.frozensets(st.sampled_from(Side)),
    left=st.frozensets(text, max_size=2),
    parent=text,
    original=st.none() | instants | st.dates(),
)
users = st.builds(
    User,
    guid=text,
    email=text,
    name=text,
    zone=text,
    is_active=st.booleans(),
    default_type=text,
    last_login=maybe_instant,
)
accounts = st.builds(
    Account,
    user=users,
    is_enabled=st.booleans(),
    state=st.sampled_from(State),
    reason=text,
    stage=st.sampled_from(Stage),
    enabled_at=maybe_instant,
    cursor=st.none() | text,
    last_synced_at=maybe_instant,
    last_seen_at=maybe_instant,
    logged_out_at=maybe_instant,
    address=text,
    retry_at=maybe_instant,
    attempts=st.integers(0, 9),
    done=st.integers(0, 9),
    total=st.integers(0, 9),
)
settings = st.builds(
    Settings,
    is_on=st.booleans(),
    selected=st.frozensets(text, max_size=2),
    types=st.lists(
        st.builds(
            ActivityType, text, text, st.sampled_from(Category), st.booleans(), st.booleans()
        ),
        max_size=2,
    ).map(tuple),
    service_account=text,
    test_user=text,
    cursor=st.none() | text,
    fault=text,
    api_user=text,
    restored_at=maybe_instant,
    translators=st.dictionaries(st.sampled_from(Side), st.integers(0, 9)),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
changed_fields = st.dictionaries(text, st.dictionaries(text, json_values, max_size=2), max_size=2)
