"""From the words on the command line to one verb, and from whatever goes wrong to one sentence."""

import argparse
import importlib
import io
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cli.errors import CommandError, ExitCode
from cli.parts import PackLoader
from workflows.checking import EditorReader

ROOT = Path(__file__).parents[1]

EPILOG = """examples:
  python main.py run workflows/demo.json
  python main.py run workflows/demo.json --set "KSampler.steps=30" --seed 7
  python main.py run output/demo_00001_.png          a picture carries its workflow
  python main.py check my_workflow.json
"""


def main(
    words: Sequence[str] | None = None,
    *,
    read_editor_format: EditorReader | None = None,
    read_for_editing: EditorReader | None = None,
    load_packs: PackLoader | None = None,
    edges: Sequence[Callable[[Path], Any]] = (),
) -> int:
    """Run one command. Returns 0 done, 1 something failed while running, 2 refused before running, 130 cancelled.

    ``read_editor_format`` reads files in the format of other editors to run them, ``read_for_editing`` to draw them;
    nothing else here knows that format. ``load_packs`` loads packs of foreign node classes; ``edges`` make further
    route tables for the server, given the folder where front ends keep their things.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # some terminals know few characters
    arguments = parser().parse_args(words)
    arguments.read_editor_format, arguments.read_for_editing = read_editor_format, read_for_editing
    arguments.load_packs, arguments.edges = load_packs, edges
    try:
        return int(importlib.import_module(f"cli.{arguments.verb}").command(arguments))
    except CommandError as error:
        if arguments.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.REFUSED
    except KeyboardInterrupt:
        return ExitCode.CANCELLED
    except BrokenPipeError:  # whoever read our output has gone
        sys.stdout = None  # type: ignore[assignment]
        return ExitCode.FAILED
    except Exception as error:
        if arguments.debug:
            traceback.print_exc()
        else:
            print(f"internal error: {type(error).__name__}: {error} (--debug shows where)", file=sys.stderr)
        return ExitCode.FAILED


def parser() -> argparse.ArgumentParser:
    """All verbs with their options."""
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument(
        "--base-directory",
        type=Path,
        default=ROOT,
        metavar="D",
        help="where models/, input/ and output/ are (default: the folder of main.py)",
    )
    everywhere.add_argument(
        "--models",
        type=Path,
        action="append",
        default=[],
        metavar="D",
        help="a further folder with checkpoints/, loras/ … in it",
    )
    everywhere.add_argument("--input-directory", type=Path, metavar="D", help="where pictures are loaded from")
    everywhere.add_argument("--output-directory", type=Path, metavar="D", help="where pictures are saved")
    everywhere.add_argument(
        "--state-directory",
        type=Path,
        metavar="D",
        help="where runs leave what they remember, and previews (default: .patchbay in the base directory)",
    )
    everywhere.add_argument(
        "--custom-nodes",
        type=Path,
        metavar="D",
        help="a directory of packs of public node classes, whose code is run (default: none is)",
    )
    everywhere.add_argument("--json", action="store_true", help="one JSON value a line, for programs")
    everywhere.add_argument("--debug", action="store_true", help="show tracebacks")

    changing = argparse.ArgumentParser(add_help=False)
    changing.add_argument(
        "--set",
        dest="values",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="set an input; NODE is an id, a title or a class that occurs once, VALUE is JSON or plain text",
    )
    changing.add_argument("--seed", type=int, metavar="N", help="set every seed of the workflow")
    changing.add_argument("--strict", action="store_true", help="warnings are errors")

    running = argparse.ArgumentParser(add_help=False)
    one_device = argparse.ArgumentParser(add_help=False)
    one_device.add_argument("--device", default="auto", help="auto, cuda, cuda:1, mps or cpu")
    running.add_argument("--dtype", default="auto", help="auto, fp32, fp16 or bf16")
    running.add_argument("--cache-size", default="4GB", metavar="BYTES", help="outputs kept in memory (default: 4GB)")
    running.add_argument("--no-cache", action="store_true", help="neither use nor keep results of earlier runs")

    main_parser = argparse.ArgumentParser(
        prog="main.py",
        description="Patchbay runs node-graph workflows that make images.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = main_parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser(
        "run", parents=[everywhere, changing, one_device, running], help="run workflows, save what they make"
    )
    verb.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a workflow, or a picture that carries one")
    verb = verbs.add_parser("check", parents=[everywhere, changing], help="say all that is wrong with a workflow")
    verb.add_argument("files", nargs="+", type=Path, metavar="FILE")
    verb = verbs.add_parser(
        "explain", parents=[everywhere, changing, one_device, running], help="say what would run, and why"
    )
    verb.add_argument("files", nargs="+", type=Path, metavar="FILE")
    verb = verbs.add_parser("nodes", parents=[everywhere], help="list all nodes, or describe one")
    verb.add_argument("name", nargs="?", metavar="NAME")
    verbs.add_parser("packs", parents=[everywhere], help="say what packs of nodes bring, and why some are not used")
    verb = verbs.add_parser("inspect", parents=[everywhere], help="say what a model file is")
    verb.add_argument("files", nargs="+", metavar="FILE", help="a path, or a name in the model folders")
    verb.add_argument("--on", metavar="CHECKPOINT", help="also say what the adapter would change of this checkpoint")
    verb = verbs.add_parser("serve", parents=[everywhere, running], help="run a queue of workflows behind an HTTP API")
    _add_serving(verb)
    verbs.add_parser(
        "worker", parents=[everywhere, one_device, running]
    )  # what `serve` starts, not listed: nobody types it
    verbs.add_parser(
        "doctor", parents=[everywhere, one_device, running], help="say what this machine has, and what is wrong"
    )
    return main_parser


def _add_serving(verb: argparse.ArgumentParser) -> None:
    """The options of ``serve`` alone."""
    verb.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1, this machine alone")
    verb.add_argument("--port", type=int, default=8188, metavar="N", help="default: 8188; 0 for any that is free")
    verb.add_argument("--devices", default="auto", help="auto, or one worker each: cpu, mps, cuda:0,cuda:1 …")
    verb.add_argument("--warm", action="store_true", help="start the workers now, not with the first job")
    verb.add_argument(
        "--resume",
        choices=("auto", "ask", "never"),
        default="auto",
        help="what becomes of a job whose process died: it goes on, waits for a person, or has failed (default: auto)",
    )
    verb.add_argument(
        "--job-timeout", type=float, metavar="S", help="seconds a job may take that names no limit itself"
    )
    token = verb.add_mutually_exclusive_group()
    token.add_argument(
        "--token",
        nargs="?",
        const="",
        metavar="T",
        help="what clients must know; one is made and printed if none is written; needed to listen beyond this machine",
    )
    token.add_argument("--token-file", type=Path, metavar="FILE", help="the same, read from a file")
    verb.add_argument("--max-upload-size", default="256MB", metavar="BYTES", help="of one file (default: 256MB)")
    verb.add_argument("--web-root", type=Path, metavar="D", help="the built editor (default: web/dist)")
