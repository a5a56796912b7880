"""The course's names."""

import pytest

from nnviz.core.address import column_title, default_inputs, default_nodes, fresh_name, layers_by_name


def test_one_hidden_layer_counts_nodes_alone():
    assert default_inputs(2) == ("input_0", "input_1")
    assert default_nodes(0, 2, 2) == ("node_0", "node_1")
    assert default_nodes(1, 2, 1) == ("output",)
    assert default_nodes(1, 2, 2) == ("output_0", "output_1")


def test_several_hidden_layers_are_numbered_first():
    assert default_nodes(1, 3, 2) == ("node_1_0", "node_1_1")


def test_columns_have_titles_and_several_hidden_layers_a_number():
    assert [column_title(column, 1) for column in range(2)] == ["Inputs", "Prediction"]
    assert [column_title(column, 2) for column in range(3)] == ["Inputs", "Hidden layer", "Prediction"]
    assert column_title(2, 3) == "Hidden layer 2"


def test_a_fresh_name_is_the_first_that_is_free():
    assert fresh_name("node", {"node_0", "node_1", "node_3"}) == "node_2"
    assert fresh_name("node", {"node_0", "node_3"}, 3) == "node_4"


def test_names_group_into_layers_in_number_order():
    names = ["output", "node_1_0", "node_0_1", "node_0_0", "node_10_0", "node_2_0"]
    expected = [["node_0_0", "node_0_1"], ["node_1_0"], ["node_2_0"], ["node_10_0"], ["output"]]
    assert layers_by_name(names) == expected


def test_names_that_are_not_the_courses_are_refused():
    with pytest.raises(ValueError, match=r"^x: expected a name such as"):
        layers_by_name(["x", "output"])
    with pytest.raises(ValueError, match="output node are missing"):
        layers_by_name(["node_0"])


def test_two_names_for_one_place_are_refused():
    with pytest.raises(ValueError, match="node_00"):
        layers_by_name(["node_0", "node_00", "output"])
    with pytest.raises(ValueError, match="output_0"):
        layers_by_name(["output", "output_0"])
    with pytest.raises(ValueError, match="node_0_0"):
        layers_by_name(["node_0", "node_0_0", "output"])
