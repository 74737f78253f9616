"""Train a classifier or regressor on a CSV file, measure it on rows held out, and save it.

Text columns become one input for each text, numbers are scaled to mean 0 and standard deviation 1; both are learned
from the training part only. The target decides the task: text, or whole numbers with at most 20 different values, are
classes; other numbers are predicted as numbers.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from layerkit.cli.output import complain, note, plural, say, say_if_heard
from layerkit.cli.parser import Parser, before, number, share, whole
from layerkit.errors import ArgumentError

if TYPE_CHECKING:
    from layerkit.cli.dataset import Dataset
    from layerkit.cli.recipe import Recipe
    from layerkit.cli.trial import Measured, Trial

HELP = "train a network on a CSV file"

INTERRUPTED = 130


def add_arguments(parser: Parser) -> None:
    """The table, what to predict, the network, the training, the measuring."""
    add = parser.add_argument
    add("table", metavar="TABLE", help="a CSV file, or one of the bundled tables: iris, penguins, digits")
    add("--target", required=True, metavar="COLUMN", help="the column to predict")
    add("--drop", nargs="+", action="extend", default=[], metavar="COLUMN", help="columns to leave out")
    add("--task", default="auto", metavar="TASK", help="auto, classification or regression (default: auto)")
    add("--missing", default="fill", metavar="HOW", help="missing values: fill, drop the row, or error (default: fill)")
    units = before("--hidden", whole(1))
    add("--hidden", nargs="+", type=units, default=[8], metavar="N", help="units of each hidden layer (default: 8)")
    add("--activation", default="tanh", metavar="NAME", help="of the hidden layers (default: tanh)")
    add("--optimizer", default="adam", metavar="NAME", help="how weights are updated (default: adam)")
    add("--learning-rate", type=number, default=0.01, metavar="RATE", help="step size (default: 0.01)")
    add("--epochs", type=whole(1), metavar="N", help="default: until the loss stops falling, at most 200")
    add("--batch-size", type=whole(1), metavar="N", help="default: 32, or a tenth of the training rows if that is less")
    add("--test-fraction", type=share, default=0.2, metavar="F", help="share of the rows held out (default: 0.2)")
    add("--seed", type=whole(0), default=0, metavar="N", help="of the split and of the network (default: 0)")
    add("--splits", type=whole(1), default=1, metavar="N", help="train on N splits, with seeds from --seed on")
    add("--save", metavar="MODEL", help="write the trained model to this file")


def run(args: Namespace) -> int:
    """Read, report, train, measure, save."""
    from layerkit.cli.dataset import Dataset
    from layerkit.cli.recipe import Recipe
    from layerkit.cli.tables import open_table

    if args.splits > 1 and args.save is not None:
        raise ArgumentError(f"train: --save keeps one model, --splits {args.splits} trains more. Fix: leave one out.")
    if args.save is not None:
        _require_place(args.save, args.table)
    recipe = Recipe(
        args.hidden,
        activation=args.activation,
        optimizer=args.optimizer,
        learning_rate=args.learning_rate,
        epochs=args.epochs,
        batch_size=args.batch_size,
    )
    table, origin = open_table(args.table)
    dataset = Dataset(table, args.target, task=args.task, missing=args.missing, drop=args.drop)
    tell = _teller(args)
    tell(f"table: {args.table} ({origin}), {plural(len(table), 'row')}, {plural(len(table.names), 'column')}")
    tell("\n".join(dataset.describe()))
    return _one(args, dataset, recipe) if args.splits == 1 else _several(args, dataset, recipe)


def _teller(args: Namespace) -> Callable[..., None]:
    """What says the report: who asked for a file gets it, also where the reader of stdout goes away meanwhile."""
    return say if args.save is None else say_if_heard


def _require_place(path: str, table: str) -> None:
    """
    :raises ArgumentError: where the model would overwrite the table.
    :raises ModelFileError: where no file can be written to that path; better now than after the training.
    """
    import os

    from layerkit.cli.places import require_other_file
    from layerkit.errors import ModelFileError

    require_other_file("train: --save", path, {"the table": table})
    directory = os.path.dirname(path) or "."
    if os.path.isdir(path) or not os.access(directory, os.W_OK):
        what = "it is a directory" if os.path.isdir(path) else f"cannot write into {directory!r}"
        raise ModelFileError(f"train: --save {path!r}: {what}. Fix: choose another path.")


def _prepared(args: Namespace, dataset: Dataset, recipe: Recipe, seed: int) -> Trial:
    """The first trial, described before it is trained."""
    from layerkit.cli.trial import Trial

    trial = Trial(dataset, recipe, test_fraction=args.test_fraction, seed=seed)
    if seed == args.seed:
        stratified = ", stratified" if trial.preparation.task == "classification" else ""
        seeds = f"seed {seed}" if args.splits == 1 else f"seeds {seed} to {seed + args.splits - 1}"
        for odd in [*dataset.notes, *trial.preparation.features.notes]:
            note(f"layerkit: note: {odd}")
        tell = _teller(args)
        tell(f"split: {len(trial.train_part)} rows to train, {len(trial.test_part)} held out{stratified}, {seeds}")
        tell("\n".join(recipe.describe(trial.model, trial.preparation.task, len(trial.train_part))))
    return trial


def _trained(trial: Trial) -> bool:
    """Train; whether it came to its end. Ctrl-C ends it before, and the model stays as it is then.

    A terminal shows on stderr how far it is.
    """
    try:
        trial.train(verbose="auto")
    except KeyboardInterrupt:
        return False
    return True


def _one(args: Namespace, dataset: Dataset, recipe: Recipe) -> int:
    from layerkit.cli import report

    trial = _prepared(args, dataset, recipe, args.seed)
    complete = _trained(trial)
    if not complete and not trial.epochs:
        complain(f"interrupted before an epoch was complete; nothing is measured{' or saved' if args.save else ''}.")
        return INTERRUPTED
    if args.save:
        trial.save(args.save)  # before all that can still go wrong
    if not complete:
        complain(f"interrupted after {plural(trial.epochs, 'complete epoch')}; this is the model so far.")
    tell = _teller(args)
    try:
        tell(f"trained for {plural(trial.epochs, 'epoch')}")
        if trial.test_features.unseen:
            tell(report.unseen(trial.test_features.unseen))
        tell()
        tell(report.one(trial.measure()))
    finally:
        if args.save:
            tell(f"saved as {args.save}")
    return 0 if complete else INTERRUPTED


def _several(args: Namespace, dataset: Dataset, recipe: Recipe) -> int:
    from layerkit.cli import report

    results: list[Measured] = []
    for seed in range(args.seed, args.seed + args.splits):
        trial = _prepared(args, dataset, recipe, seed)
        if not _trained(trial):
            complain(f"interrupted; {plural(len(results), 'split')} of {args.splits} complete.")
            if results:
                say(report.several(results))
            return INTERRUPTED
        results.append(trial.measure())
        say(report.line(seed, results[-1], trial.epochs))
    say()
    say(report.several(results))
    return 0
