from etl.engine.trust import ABSENT, FORGOTTEN, NOTHING, doubts
from etl.spark.actions import Action

COUNTS = {"obs": 10}


def explained(*tree, details="", subqueries=""):
    """Return a plan as Spark explains it, with our one observation in every node that observes."""
    lines, blocks = [], []
    for number, line in enumerate(tree, 1):
        lines.append(line if line.endswith("==") else f"{line} ({number})")
        if line.endswith("CollectMetrics"):
            blocks.append(f"({number}) CollectMetrics\nInput [1]: [id#1]\nArguments: obs, [struct(m0, count(1))]")
    return Action("\n".join(["== Physical Plan ==", *lines, "", "", details, "\n\n".join(blocks), subqueries]))


def doubt(*tree, **more):
    return doubts(explained(*tree, **more), COUNTS).get("obs")


def test_what_passes_every_row_once_is_believed():
    assert doubt("* Project", "+- * BroadcastHashJoin Inner BuildRight", "   :- CollectMetrics", "   +- Other") is None


def test_a_node_that_is_not_known_is_not_believed():
    assert doubt("MapInPandas", "+- CollectMetrics") == "MapInPandas may not read every row once"


def test_below_a_limit_reading_may_end_early():
    assert doubt("* LocalLimit", "+- * Project", "   +- CollectMetrics") == "a limit stops reading before the end"


def test_below_a_shuffle_every_row_is_read_whatever_lies_above_it():
    assert doubt("* LocalLimit", "+- ShuffleQueryStage", "   +- Exchange", "      +- CollectMetrics") is None


def test_what_sorts_has_read_all_before_a_limit_can_end_it():
    assert doubt("WindowGroupLimit", "+- * Sort", "   +- CollectMetrics") is None


def test_a_sort_beside_an_empty_side_may_never_have_begun():
    above = ("* SortMergeJoin Inner", ":- Scan parquet", "+- * Sort", "   +- CollectMetrics")

    assert doubt(*above) == "a join stops reading where the other side ends"


def test_only_the_outer_side_of_an_outer_join_is_read_to_its_end():
    left = ("* SortMergeJoin LeftOuter", ":- * Sort", ":  +- CollectMetrics", "+- Scan parquet")
    right = ("* SortMergeJoin LeftOuter", ":- Scan parquet", "+- * Sort", "   +- CollectMetrics")

    assert (doubt(*left), bool(doubt(*right))) == (None, True)


def test_a_range_partitioning_samples_what_it_sorts():
    above = ("Exchange", "+- CollectMetrics")
    details = "(1) Exchange\nInput [1]: [id#1]\nArguments: rangepartitioning(id#1 ASC, 3)"

    assert doubt(*above, details=details) == "a sort reads it once more, for a sample"
    assert doubt(*above, details=details.replace("range", "hash")) is None


def test_a_nested_loop_reads_the_other_side_once_or_twice_by_its_type():
    def below(how):
        return doubt(f"BroadcastNestedLoopJoin {how}", ":- CollectMetrics", "+- BroadcastExchange")

    assert below("Inner BuildRight") is None
    assert below("FullOuter BuildRight") == "BroadcastNestedLoopJoin may not read every row once"


def test_the_plan_that_adaptive_execution_replaced_says_nothing():
    ran = ("AdaptiveSparkPlan", "+- == Final Plan ==", "   * Project", "   +- CollectMetrics")
    first = ("+- == Initial Plan ==", "   LocalLimit", "   +- CollectMetrics")

    assert doubt(*ran, *first) is None
    assert doubt(ran[0], "+- == Final Plan ==", "   LocalTableScan", *first) == ABSENT


def test_an_observation_that_stands_twice_is_believed_only_if_both_are():
    both = ("Union", ":- CollectMetrics", "+- * LocalLimit", "   +- CollectMetrics")

    assert doubt(*both) == "a limit stops reading before the end"


def test_a_subquery_may_end_early_above_its_first_shuffle():
    tree = "\n===== Subqueries =====\n\nSubquery:1 Hosting operator id = 1 Hosting Expression = x\nProject (7)\n"
    block = "\n\n(8) CollectMetrics\nInput: []\nArguments: obs, [struct(m0, count(1))]\n"

    alone = doubt("Scan parquet", subqueries=f"{tree}+- CollectMetrics (8)\n{block}")
    shuffled = doubt("Scan parquet", subqueries=f"{tree}+- Exchange (9)\n   +- CollectMetrics (8)\n{block}")

    assert (alone, shuffled) == ("a subquery may stop reading before the end", None)


def test_no_row_beside_a_broadcast_side_may_mean_that_nothing_was_read():
    joined = explained("* BroadcastHashJoin Inner BuildRight", ":- CollectMetrics", "+- BroadcastExchange")

    assert doubts(joined, {"obs": 0}) == {"obs": NOTHING}
    assert doubts(joined, {"obs": 1}) == {}


def test_nothing_is_believed_of_a_write_that_ran_again_or_is_forgotten():
    assert doubts(Action(explained("CollectMetrics").plan, "stage 3 ran twice"), COUNTS) == {"obs": "stage 3 ran twice"}
    assert doubts(None, COUNTS) == {"obs": FORGOTTEN}
