from hypothesis import given
from hypothesis import strategies as st

from etl.report.layout import HEIGHT, WIDTH, draw

NAMES = [f"zone.n{number}" for number in range(9)]


@st.composite
def graphs(draw_):
    """Each name points only to names after it: no cycle."""
    return {
        name: draw_(st.lists(st.sampled_from(NAMES[:row]), unique=True)) if row else []
        for row, name in enumerate(NAMES)
    }


def test_a_chain_runs_from_left_to_right():
    boxes = {box.name: box for box in draw({"b": ["a"], "c": ["b"]}).boxes}

    assert boxes["a"].x < boxes["b"].x < boxes["c"].x
    assert boxes["a"].y == boxes["b"].y == boxes["c"].y


def test_a_source_stands_beside_what_reads_it():
    boxes = {box.name: box for box in draw({"b": ["a"], "c": ["b", "late"]}).boxes}

    assert boxes["late"].x == boxes["b"].x


def test_nothing_is_drawn_of_nothing():
    assert draw({}).boxes == ()


@given(graphs())
def test_boxes_never_overlap_and_lines_go_to_the_right(parents):
    drawing = draw(parents)
    boxes = {box.name: box for box in drawing.boxes}

    assert len({(box.x, box.y) for box in drawing.boxes}) == len(boxes) == len(NAMES)
    assert all(boxes[parent].x + WIDTH < boxes[child].x for child, above in parents.items() for parent in above)
    for one in drawing.boxes:
        assert 0 <= one.x <= drawing.width - WIDTH
        assert 0 <= one.y <= drawing.height - HEIGHT
        assert not [two for two in drawing.boxes if two is not one and two.x == one.x and abs(two.y - one.y) < HEIGHT]


@given(graphs())
def test_the_same_graph_is_drawn_the_same(parents):
    assert draw(parents) == draw(dict(parents))
