"""One run that fills an archive from its sources, and what links it then; with progress bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, takewhile
from pathlib import Path

import click

from indexer.linking.command import link_with_progress
from indexer.pipeline import Indexer, Problem, Report
from indexer.reports import ErrorFile
from indexer.rounds import NO_WEB, Web, is_web_address
from indexer.sources import ReadOptions, count_documents, open_sources
from indexer.sources.origins import traced
from search.archive import Archive
from search.errors import ArchiveBusyError, StoreError
from search.progress import progress_bar


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How an archive is filled.

    Attributes:
        reading: How sources are read.
        only_opening: Embed one passage of each article.
        only_count: Change nothing; the report says what would be done.
        web: Reads those sources that are addresses.
        anew: Begin a new error file, rather than going on with the one there is.
    """

    reading: ReadOptions = field(default_factory=ReadOptions)
    only_opening: bool = False
    only_count: bool = False
    web: Web = NO_WEB
    anew: bool = True


def fill(
    archive: Archive, sources: Sequence[str], *, errors: Path, how: RunOptions | None = None
) -> Report:
    """Index sources; problems go to the error file. ``link_new`` comes after it.

    Raises:
        SettingsError: ``errors`` cannot be the place for a list of problems.
        StoreError: The archive fails. The message says how much is safe.
    """
    how = how or RunOptions()
    web, reading = how.web, how.reading
    if not how.only_count:
        archive.create()
    problems = ErrorFile(errors, anew=how.anew)
    files = [source for source in sources if not is_web_address(source)]
    with progress_bar(unit="article", desc="Indexing") as bar:
        if len(files) == len(sources):
            bar.total = count_documents(files, reading)

        def progress(report: Report) -> None:
            web.written()
            bar.set_postfix_str(f"{report.passages:,} passages", refresh=False)
            bar.update(report.documents - bar.n)

        def note(problem: Problem) -> None:
            web.note_problem(problem.kind, problem.file)
            problems.add(problem)

        run = Indexer(
            archive, note, progress, only_opening=how.only_opening, only_count=how.only_count
        )
        try:
            documents = traced(files, lambda source: open_sources([source], reading))
            read = takewhile(lambda _: not web.stopping, documents)
            run.run(chain(read, web.documents()))
            web.written()
            run.report.unchanged += web.unchanged
        except KeyboardInterrupt:
            run.report.interrupted = True
        except StoreError as error:
            if how.only_count:
                raise
            kept = run.report.changed
            raise type(error)(
                f"{error} {kept:,} articles of this run are safe in the archive; the same command"
                " goes on from there."
            ) from error
        finally:
            problems.close()
    return run.report


def link_new(archive: Archive, report: Report) -> None:
    """Link what a run has changed, and note it in its report; an interrupted run ends without.

    Raises:
        StoreError: The archive fails.
    """
    if report.interrupted:
        return
    try:
        report.links = link_with_progress(archive.store)
    except KeyboardInterrupt:
        report.interrupted = True
    except ArchiveBusyError as error:
        click.echo(
            f"Note: {error} Until then the new articles have no counterparts; the next run or"
            f" songngu link --archive {archive.location} finds them.",
            err=True,
        )
    except StoreError as error:
        raise type(error)(
            f"{error} The articles are all in the archive; linking them goes on with:"
            f" songngu link --archive {archive.location}"
        ) from error
