"""Two-way sync between a company's Severa calendar and its users' Google Calendars."""
