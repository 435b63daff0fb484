"""A stateful Severa on loopback, written from its REST documentation alone."""

from daemon.sandbox.severa.app import ROOT, make_app
from daemon.sandbox.severa.errors import SeveraError
from daemon.sandbox.severa.state import SeveraState
from daemon.sandbox.severa.switches import DEFAULT, Switches
from daemon.sandbox.severa.witness import Exchange

__all__ = ["DEFAULT", "ROOT", "Exchange", "SeveraError", "SeveraState", "Switches", "make_app"]
