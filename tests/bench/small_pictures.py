"""What small pictures in the nodes add to a frame of a run: `python -m tests.bench.small_pictures`.

1200 by 800 pixels at device pixel ratio 1, all weights changed in every frame, with pictures and without by
turns.
"""

import statistics
import sys

from tests.bench import one_thread

if __name__ == "__main__":
    one_thread.settle("tests.bench.small_pictures")

from tests.bench import machine, windows
from tests.bench.drawing import Nnviz

NETWORKS = ((1, 8, 1), (2, 3, 1), (2, 8, 1), (2, 8, 8, 2), (2, 100, 100, 1), (64, 32, 16, 10), windows.LARGE)
FRAME_MS = 16.6


def frames(sizes, rounds=40):
    """Return the milliseconds of a frame without pictures and with them."""
    state = windows.state(*sizes, rows=200)
    networks = [state.network.randomised(seed) for seed in range(6)]
    own, found = Nnviz(state), {False: [], True: []}
    for k in range(rounds):
        for shown in found:
            own.diagram.view = own.diagram.view._replace(pictures=shown)
            own.draw(networks[(k + 1) % 6])  # lays out
            found[shown].append(windows.timed(lambda _, k=k: own.draw(networks[k % 6]), 1))
    own.close()
    return [statistics.median(times) for times in found.values()]


def main():
    """Print a line a network; the exit code tells whether each frame is in time."""
    windows.app()
    print(f"{machine.processor()}, {machine.versions('PySide6-Essentials', 'numpy')}:")
    late = False
    for sizes in NETWORKS:
        without, with_pictures = frames(sizes)
        late = late or with_pictures > FRAME_MS
        name = "-".join(map(str, sizes))
        print(f"{name:>16}  {without:6.2f} ms without  {with_pictures:6.2f} ms with small pictures")
    sys.exit(late)


if __name__ == "__main__":
    main()
