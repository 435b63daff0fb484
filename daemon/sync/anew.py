"""When everything is looked at again: a backup was put back, or a new release reads events in another way."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from daemon.core.account import Stage, State
from daemon.core.backup import without_creates
from daemon.core.link import Side
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools


async def begin_anew(tools: Tools) -> None:
    """Let the next listings be whole where they have to be; write nothing where they need not."""
    settings = await tools.store.read(lambda tx: tx.settings())
    if settings.is_copy:
        await tools.store.write(lambda tx: _matched_anew(tx, tools.now()))
    if settings.translators != tools.translators:
        await tools.store.write(lambda tx: _listed_anew(tx, tools.translators))


async def _matched_anew(tx: Transaction, now: datetime) -> None:
    """List and match everything again: the database is a backup, and what was linked since is not in it (C4)."""
    accounts = [account for account in await tx.accounts() if account.is_enabled]
    anew = [replace(a, stage=Stage.LISTING, cursor=None, state=State.FIRST_SYNC) for a in accounts]
    await tx.save_accounts([replace(account, is_again=True) for account in anew])
    # Before any listing: what was on its way to Severa then is not looked for any more among what is there now.
    creating = await tx.records_creating()
    await tx.save([replace(r, link=without_creates(r.link, Side.SEVERA, now)) for r in creating])
    await tx.save_settings(replace(await tx.settings(), is_copy=False, restored_at=now))


async def _listed_anew(tx: Transaction, translators: Mapping[Side, int]) -> None:
    """List the events that another translator has read, before they change: later an edit is not told from it.

    Activities need no listing of their own: the sweep comes to each within a day (D4).
    """
    settings = await tx.settings()
    if settings.translators.get(Side.GOOGLE) != translators.get(Side.GOOGLE):
        listed = [account for account in await tx.accounts() if account.cursor is not None]
        await tx.save_accounts([replace(account, cursor=None) for account in listed])
    await tx.save_settings(replace(settings, translators=translators))
