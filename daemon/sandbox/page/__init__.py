"""The page on which a person watches both calendars of the sandbox and edits them by hand."""

from daemon.sandbox.page.app import make_page
from daemon.sandbox.page.desk import Desk, Refused
from daemon.sandbox.page.journal import Journal, News

__all__ = ["Desk", "Journal", "News", "Refused", "make_page"]
