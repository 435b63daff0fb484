"""A stateful Severa on loopback, written from its REST documentation alone."""

from daemon.sandbox.severa.app import ROOT, make_app
from daemon.sandbox.severa.company import DEFAULT
from daemon.sandbox.severa.errors import SeveraError
from daemon.sandbox.severa.model import Switches
from daemon.sandbox.severa.state import SeveraState

__all__ = ["DEFAULT", "ROOT", "SeveraError", "SeveraState", "Switches", "make_app"]
