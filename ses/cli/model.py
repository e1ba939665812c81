"""`ses model`: models on this machine's disk, and what runs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ses.errors import SesError
from ses.llm.library.catalogue import CATALOGUE, Source, source_of
from ses.llm.library.fit import GIB, Needs, needs
from ses.llm.library.installing import hindrance, install, is_installed, kind_of_machine
from ses.llm.library.pulling import is_there, pull, receipt

model = typer.Typer(help="Fetch models, list them, reckon what they need.", no_args_is_help=True)

FolderOption = Annotated[
    Path, typer.Option("--folder", help="Where models lie.", show_default="models/ beside you")
]
MODELS = Path("models")


@model.command("pull")
def pull_model(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(CATALOGUE)}.")],
    folder: FolderOption = MODELS,
    again: Annotated[bool, typer.Option("--again", help="Fetch it even if it is there.")] = False,
) -> None:
    """Fetch a model with pip, check it, and make the folder that `llm.model` names."""
    source = source_of(name)
    target = folder / source.name
    if is_there(source, target) and not again:
        print(f"{target} is there: {source.title}")
        return
    _pull(source, target)
    print(
        f'{target} is ready: {source.title}\nin the section `llm` of config.json: "{source.key}": "{target}"'
    )


@model.command("list")
def list_models(folder: FolderOption = MODELS) -> None:
    """Show the models that are there and those that can be pulled."""
    there = sorted(path.parent for path in folder.glob("*/config.json"))
    for path in there:
        found = receipt(path)
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6
        print(f"{path!s:24} {size:8.0f} MB  {found.package if found else 'your own'}")
    for source in CATALOGUE.values():
        if not is_there(source, folder / source.name):
            print(f"{source.name:24} {source.megabytes:8} MB  can be pulled: {source.title}")


@model.command("fit")
def fit(
    folder: Annotated[Path, typer.Argument(help="The model.")],
    tokens: Annotated[
        int | None,
        typer.Option(help="Tokens in work, of all requests together; else one whole context.", min=1),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Of the cache: float32, bfloat16, float16, fp8; else the model's.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option(help="Memory in GiB: show how many tokens fit into it.", min=0)
    ] = None,
) -> None:
    """Reckon the memory a model needs: weights + 2 · bytes · layers · hidden · kv_heads / heads · tokens."""
    needed = needs(folder, dtype)
    count = tokens or needed.context
    print(f"weights     {_gib(needed.weights)}")
    print(f"cache       {needed.per_token / 1024:.1f} KiB a token ({needed.dtype})")
    print(f"together    {_gib(needed.total(count))} with {count:,} tokens in work")
    if memory is not None:
        _judge(needed, memory, count)


@model.command("install")
def install_engine(
    kind: Annotated[
        Literal["cpu", "gpu"] | None,
        typer.Option("--for", help="What it computes on; else what the machine has.", show_default=False),
    ] = None,
    if_possible: Annotated[
        bool, typer.Option("--if-possible", help="A machine that cannot run models is no failure.")
    ] = False,
) -> None:
    """Install vLLM into this program's environment (a few minutes, 3.4 GB)."""
    if is_installed():
        print("vLLM is installed")
        return
    if reason := hindrance():
        print(f"no language model on this machine: {reason}", file=sys.stderr)
        raise typer.Exit(0 if if_possible else 1)
    install(kind or kind_of_machine(), lambda line: print(line[:110]))
    print("vLLM is installed")


def _pull(source: Source, target: Path) -> None:
    if not sys.stderr.isatty():
        said: set[str] = set()

        def tell(doing: str, _done: int | None, _whole: int | None) -> None:
            if doing not in said:
                said.add(doing)
                print(f"{source.name}: {doing}", file=sys.stderr, flush=True)

        pull(source, target, tell)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description:12}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars: dict[str, TaskID] = {}

        def show(doing: str, done: int | None, whole: int | None) -> None:
            if doing not in bars:
                bars[doing] = progress.add_task(doing, total=whole)
            progress.update(bars[doing], completed=done or 0, total=whole)

        pull(source, target, show)


def _judge(needed: Needs, memory: float, tokens: int) -> None:
    fitting = needed.tokens_in(int(memory * GIB))
    print(f"fits        {fitting:,} tokens beside the weights in {memory:g} GiB")
    if fitting < tokens:
        raise SesError(f"{tokens:,} tokens need {_gib(needed.total(tokens))}, which {memory:g} GiB are not")


def _gib(count: int) -> str:
    return f"{count / GIB:.2f} GiB"
