"""The users' Google Calendars: the one package that speaks Google's language."""
