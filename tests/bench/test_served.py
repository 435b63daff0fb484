"""What a push costs does not grow with the company (Q1)."""

from pathlib import Path

from tests.bench.served import ratio

RATIO_MAX = 1.5


async def test_q1_a_push_in_a_company_of_ten_thousand_costs_little_more_than_in_one_of_a_hundred(
    tmp_path: Path,
) -> None:
    measured = await ratio(100, 10_000, tmp_path, pushes=25)

    print(f"ten thousand users instead of a hundred: {measured:.2f} times the CPU a push")
    assert measured <= RATIO_MAX
