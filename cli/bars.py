"""Progress bars on a terminal: one for the nodes of a run, one for the steps of the node that runs."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from cli.opening import Opened
from cli.reporting import sentence
from graph.events import (
    Event,
    NodeBlocked,
    NodeErrored,
    NodeExpanded,
    NodeFinished,
    NodeProgress,
    NodeSkipped,
    NodeStarted,
    NodeWarned,
    Planned,
)

LONGEST = 36  # characters before a bar
STYLES = {NodeErrored: "red", NodeWarned: "yellow", NodeBlocked: "yellow"}


class Bars:
    """Draws bars while a run goes on; warnings and results are lines above them."""

    def __init__(self, file: Opened, console: Console):
        self._title, self._console = file.title, console
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._nodes = self._progress.add_task(_cut(file.path.name), total=None)
        self._steps: dict[str, TaskID] = {}
        self._done: set[str] = set()

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        match event:
            case Planned():
                self._progress.update(self._nodes, total=len(event.steps))
            case NodeExpanded():
                self._grow(len(event.nodes))
            case NodeStarted():
                self._steps[event.node] = self._progress.add_task(_cut(f"  {self._title(event.node)}"), total=None)
            case NodeProgress():
                self._progress.update(self._steps[event.node], completed=event.done, total=event.total)
            case NodeFinished() | NodeSkipped() | NodeErrored():
                self._close(event.node)
                for artifact in () if isinstance(event, NodeErrored) else event.artifacts:
                    self._say(f"{self._title(event.node)} → {artifact}")
        said = sentence(event, self._title)
        if said:
            self._say(said, STYLES.get(type(event), ""))

    def _close(self, node: str) -> None:
        """A node that runs once per picture counts once."""
        if node in self._steps:
            self._progress.remove_task(self._steps.pop(node))
        if node not in self._done:
            self._done.add(node)
            self._progress.advance(self._nodes)

    def _grow(self, nodes: int) -> None:
        total = self._progress.tasks[0].total or 0
        self._progress.update(self._nodes, total=total + nodes)

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style, markup=False, highlight=False)


def _cut(text: str) -> str:
    """Room for the bar beside it."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
