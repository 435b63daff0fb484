"""A link as the policy shows it, with the people behind it: what is handed to the decision."""

from dataclasses import replace

from daemon.core.link import Link, Side
from daemon.core.policy import Policy
from daemon.core.view import View
from daemon.sync.access import Access


class Viewer:
    """Makes views of links."""

    def __init__(self, policy: Policy, access: Access, winner: Side) -> None:
        self._policy = replace(policy, addresses=access.addresses)
        self._access, self._winner = access, winner

    def view(self, link: Link) -> View:
        """Return what is to be decided about.

        Raises:
            Transient: Somebody whose entry it is is not known yet.
        """
        return View(
            link,
            self._policy.severa_value(link),
            self._policy.google_value(link),
            self._winner,
            self._access.keepers(link),
        )
