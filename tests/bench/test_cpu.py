import itertools

import pytest

from bench.cpu import Comparison, Round, compare


def test_a_round_runs_engine_hand_hand_engine_and_warm_up_rounds_do_not_count():
    ran, seconds = [], itertools.count()

    compared = compare(lambda: next(seconds), lambda: ran.append("A"), lambda: ran.append("B"), warm_up=1, rounds=2)

    assert "".join(ran) == "ABBA" * 3
    assert compared.rounds == (Round(1, 1, 1, 1),) * 2


def test_what_is_done_between_measurements_is_not_measured():
    spent = []

    def work(seconds):
        return lambda: spent.append(seconds)

    compared = compare(lambda: sum(spent), work(2), work(1), warm_up=0, rounds=1, between=work(100))

    assert compared.rounds == (Round(2, 1, 1, 2),)


def test_the_ratio_is_the_median_of_the_rounds_and_the_noise_the_engine_to_itself():
    compared = Comparison((Round(1, 1, 1, 1), Round(2, 1, 1, 4), Round(2, 1, 1, 2)))

    assert (compared.ratio, compared.span, compared.noise) == (2.0, (1.0, 3.0), 1.0)
    assert compared.seconds == (2.0, pytest.approx(1.0))
