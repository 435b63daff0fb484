"""A series of Severa with exceptions harms nothing while series are not synced (F)."""

from datetime import timedelta

from tests.e2e.installation import Installation


async def test_a_series_with_exceptions_in_severa_is_left_alone(company: Installation) -> None:
    company.person("Anna")
    severa = company.sandbox.severa
    rule = {"frequency": "Daily", "range": {"maxOccurrences": 10}}
    guid = company.add_activity("Anna", "Daily", company.at(1, 9), recurrence=rule)
    company.add_activity("Anna", "Single", company.at(1, 13))

    def occurrences() -> list[str]:
        until = severa.clock() + timedelta(days=60)
        return [each.guid for each in severa.occurrences(severa.row(guid), until)]

    company.edit_activity("Anna", occurrences()[0], name="Daily, moved")
    await company.open()
    await company.agrees(only_severa=["Daily", "Daily, moved"])

    company.edit_activity("Anna", occurrences()[0], name="Daily, moved too")
    company.delete_activity("Anna", occurrences()[0])
    await company.rounds()
    await company.agrees(only_severa=["Daily", "Daily, moved", "Daily, moved too"])
    await company.is_quiet()

    company.delete_activity("Anna", guid)
    await company.rounds()
    await company.agrees()
    assert company.names("Anna") == ["Single"]
