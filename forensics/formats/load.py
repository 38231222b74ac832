"""Read format files: shipped ones, then the user's, which win by id. All mistakes of all files come in one error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from forensics.content import content_dir
from forensics.formats.aliases import Aliases, load_aliases
from forensics.formats.cached import cached
from forensics.formats.labels import Label, read_labels
from forensics.formats.maps import WordMap, load_maps
from forensics.formats.naming import load_naming
from forensics.formats.read_spec import read_spec
from forensics.formats.sentences import Sentences, read_sentences
from forensics.formats.spec import FormatSpec
from forensics.formats.toml import read
from forensics.model.errors import ConfigError, FormatError, Location

_NOT_FORMATS = frozenset({"aliases.toml", "maps.toml", "naming.toml", "sentences.toml", "labels.toml"})


@dataclass(frozen=True)
class Registry:
    """All formats of a run, the alias dictionary, the shared maps, and the layouts of scanned codes that hold everywhere."""

    formats: dict[str, FormatSpec]
    aliases: Aliases
    maps: dict[str, WordMap]
    labels: tuple[Label, ...] = ()

    def get(self, format_id: str) -> FormatSpec:
        """The format called `format_id`.

        Raises:
            ConfigError: there is none.
        """
        if format_id not in self.formats:
            near = [known for known in self.formats if format_id in known or known in format_id]
            hint = f"did you mean {', '.join(near[:5])}?" if near else "`forensics formats list` shows all"
            raise ConfigError(f"no format is called '{format_id}'", hint=hint)
        return self.formats[format_id]

    def all(self) -> tuple[FormatSpec, ...]:
        """Every format, by id."""
        return tuple(spec for _, spec in sorted(self.formats.items()))


def load_formats(extra_dirs: Sequence[Path] = ()) -> Registry:
    """The shipped formats and those in `extra_dirs` (folders, or single files); a later one replaces an earlier one with the same id.

    `aliases.toml`, `maps.toml` and `labels.toml` of an extra folder add to (and win over) the shipped ones. Results are cached until a file changes.

    Raises:
        ConfigError: a folder or file is missing.
        FormatError: one or more files are wrong; the message has every mistake, the location is the first's.
    """
    for folder in extra_dirs:
        if not folder.exists():
            raise ConfigError(f"no such folder or file of formats: {folder}")
    folders = (content_dir("parsers"), *extra_dirs)
    state = tuple(
        (file, file.stat().st_mtime_ns, file.stat().st_size)
        for folder in folders
        for file in ([folder] if folder.is_file() else sorted(folder.rglob("*.toml")))
    )
    return _load(folders, state)


@lru_cache(maxsize=8)
def _load(folders: tuple[Path, ...], state: tuple[tuple[Path, int, int], ...]) -> Registry:
    """Read everything; `state` makes the cache see a changed file."""
    return cached([file for file, *_ in state], folders, lambda: _read(folders))


def _read(folders: tuple[Path, ...]) -> Registry:
    """Read everything."""
    errors: list[FormatError] = []
    maps: dict[str, WordMap] = {}
    alias_files: list[Path] = []
    labels: tuple[Label, ...] = ()
    sentences = Sentences()
    for folder in folders:
        try:
            if (folder / "sentences.toml").is_file():
                sentences = read_sentences(read(folder / "sentences.toml"))
            maps.update(load_maps(folder / "maps.toml"))
        except FormatError as error:
            errors.append(error)
        if (folder / "aliases.toml").is_file():
            alias_files.append(folder / "aliases.toml")
        if (folder / "labels.toml").is_file():
            try:
                document = read(folder / "labels.toml")
                labels = (*read_labels(document, document.data.get("label", [])), *labels)
            except FormatError as error:
                errors.append(error)
    aliases = Aliases.empty()
    try:
        aliases = load_aliases(alias_files, load_naming(folders[0] / "naming.toml"))
    except FormatError as error:
        errors.append(error)
    formats: dict[str, FormatSpec] = {}
    for folder in folders:
        own: dict[str, FormatSpec] = {}
        for file in _files(folder):
            try:
                spec = read_spec(read(file), maps, sentences)
            except FormatError as error:
                errors.append(error)
                continue
            if spec.id in own:
                errors.append(
                    FormatError(
                        f"the id '{spec.id}' is taken by {own[spec.id].file}", location=Location(file, spec.line)
                    )
                )
            own.setdefault(spec.id, spec)
        formats |= own
    if errors:
        raise combined(errors)
    return Registry(
        {
            name: replace(spec, aliases=aliases, shared=maps, labels=(*spec.labels, *labels))
            for name, spec in formats.items()
        },
        aliases,
        maps,
        labels,
    )


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        return iter((folder,))
    return (file for file in sorted(folder.rglob("*.toml")) if file.name not in _NOT_FORMATS)


def combined(errors: Sequence[FormatError]) -> FormatError:
    """One error for many: the first as it is, the others below it with their places."""
    first = errors[0]
    if len(errors) == 1:
        return first
    others = "\n".join(f"  also: {error.message}\n    --> {error.location}" for error in errors[1:])
    return FormatError(f"{first.message}\n{others}", location=first.location, hint=first.hint)
