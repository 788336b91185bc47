"""Where transformations report what they drop; any object stands for a frame."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from etl.model.accounting import Drop, collecting, collector


def observe(frame):
    return frame, f"rows of {frame}"


def test_outside_a_run_nobody_collects():
    assert collector() is None


def test_inside_the_block_drops_are_collected_in_order():
    drops = [Drop("filtered", "no customer", 1, 2), Drop("deduplicated", "id", 3, 4)]

    with collecting(observe) as collected:
        collector().drops.extend(drops)

    assert collected.drops == drops
    assert collected.observe("orders") == ("orders", "rows of orders")


def test_after_the_block_the_outer_collector_is_back_even_after_an_error():
    def fail():
        with collecting(observe) as inner:
            assert collector() is inner
            raise ValueError("inner")

    with collecting(observe) as outer:
        with pytest.raises(ValueError, match="inner"):
            fail()
        assert collector() is outer

    assert collector() is None


def test_steps_in_other_threads_do_not_see_it():
    with collecting(observe), ThreadPoolExecutor(1) as pool:
        assert pool.submit(collector).result() is None
