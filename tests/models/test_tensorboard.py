"""Event files of runs, read with TensorBoard."""

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nnviz.core.runs import run_table
from nnviz.core.train import train
from nnviz.files import tensorboard
from tests.ui.runs import classes


def test_tensorboard_reads_every_curve_of_every_run(tmp_path):
    first = classes()
    second = train(first, updates=300).state
    paths = tensorboard.write(run_table([first]), tmp_path / "a")
    paths += tensorboard.write(run_table([second]), tmp_path / "b")
    for path, state in zip(paths, (first, second), strict=True):
        events = EventAccumulator(str(path.parent), size_guidance={"scalars": 0})
        events.Reload()
        curves = {"loss": state.run.history}
        curves |= {curve.name.replace(" ", "_"): curve.history for curve in state.run.beside}
        assert sorted(events.Tags()["scalars"]) == sorted(curves)
        for tag, history in curves.items():
            found = [(each.step, each.value) for each in events.Scalars(tag)]
            assert [step for step, _ in found] == history.points[:, 0].tolist()
            np.testing.assert_allclose([value for _, value in found], history.points[:, 1], rtol=1e-6)
