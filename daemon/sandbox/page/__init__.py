"""The page on which a person watches both calendars of the sandbox, edits them by hand and switches faults on."""

from daemon.sandbox.page.app import make_page
from daemon.sandbox.page.desk import Desk, Refused
from daemon.sandbox.page.journal import Journal
from daemon.sandbox.page.lines import News, Note
from daemon.sandbox.page.process import Process

__all__ = ["Desk", "Journal", "News", "Note", "Process", "Refused", "make_page"]
