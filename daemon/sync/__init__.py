"""Looks at both calendars, lets the heart decide, and carries it out; knows the world through `ports` alone."""
