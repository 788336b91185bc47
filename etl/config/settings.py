"""The effective configuration of one environment, every value with its origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from attrs import asdict, field, fields, frozen, has

from etl.config.credentials import EXAMPLES, is_literal_secret
from etl.config.document import KeyPath, dotted
from etl.config.layers import Layer, leaves, read_layers
from etl.config.problems import raise_all
from etl.config.refusal import RefusedError, one_of
from etl.config.roots import Root, S3Uri, absolute
from etl.config.structure import Origin, structured
from etl.config.submit import Destination
from etl.errors import ConfigError, ForcedSettingError, LiteralSecretError, Place
from etl.model.connection import Connection
from etl.model.forced import forced
from etl.model.glue import GlueCatalogSettings
from etl.model.platforms import LOCAL, PLATFORMS
from etl.model.s3 import S3Settings

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

MAX_THREADS = 64
LEASE = range(2, 3601)  # seconds
OF_SPARK = "spark."
OF_HADOOP = ("fs.", "dfs.", "hadoop.", "mapreduce.", "parquet.", "yarn.")  # Spark hands them on below spark.hadoop


def _threads(value: int) -> int:
    if not 0 <= value <= MAX_THREADS:
        raise RefusedError(f"{value} threads; allowed are 1 to {MAX_THREADS}, or 0 for as many as there are cores")
    return value


def _lease(value: int) -> int:
    if value not in LEASE:
        raise RefusedError(f"a lease of {value} s; allowed are {LEASE.start} to {LEASE.stop - 1}")
    return value


@frozen
class RunSettings:
    """How a run behaves.

    Args:
        threads: steps that may run at once, 1 to 64; 0 means as many as there are cores.
        platform: where the run takes place.
        protected: a run by hand must be confirmed.
        lease_seconds: 2 to 3600; after half as long again without a word, a run on another machine counts as dead.
    """

    threads: Annotated[int, _threads] = 0
    platform: Annotated[str, one_of(PLATFORMS)] = LOCAL
    protected: bool = False
    lease_seconds: Annotated[int, _lease] = 60


@frozen
class Settings:
    """What conf/base.toml and its overlays may say.

    Args:
        name: the project's name; the directory's when empty.
        zones: root URI per zone; a relative one is a local path below the project directory.
        state: root of the ledger.
        artifacts: directory that receives ``runs/<run id>/``.
        spark: Spark's own configuration, key to text.
        run: how a run behaves.
        s3: how S3 is reached.
        glue_catalog: which targets stand in the Glue Data Catalog.
        bundles: where bundles are put for the platforms that run them.
        submit: the places they can be sent to, by name.
        connections: the databases that datasets are tables of, by name.
    """

    name: str = ""
    zones: Mapping[str, Root] = field(factory=dict, hash=False)
    state: Root = "target/state"
    artifacts: Root = "target"
    spark: Mapping[str, str] = field(factory=dict, hash=False)
    run: RunSettings = RunSettings()
    s3: S3Settings = field(factory=S3Settings)
    glue_catalog: GlueCatalogSettings = field(factory=GlueCatalogSettings)
    bundles: S3Uri = ""
    submit: Mapping[str, Destination] = field(factory=dict, hash=False)
    connections: Mapping[str, Connection] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class Config(Settings):
    """The settings in force in one environment; local roots are absolute.

    Args:
        environment: ``local``, ``dev`` …
        origins: where each value comes from, by dotted key; defaults included.
    """

    environment: str = "local"
    origins: Mapping[str, Origin] = field(factory=dict, hash=False)

    def effective(self) -> dict[str, str | int | bool]:
        """Return every value in force by dotted key, in the order of ``origins``."""
        values: dict[str, str | int | bool] = {}
        for path, value in leaves(_tables(self)):
            values[dotted(path)] = value
        return {key: values[key] for key in self.origins}


def load_config(
    conf: Traversable,
    name: str,
    base: Path,
    *,
    environment: str,
    environ: Mapping[str, str],
    overrides: Mapping[str, str],
) -> Config:
    """Read the configuration of one environment.

    Args:
        conf: the directory ``conf``.
        name: what errors call it.
        base: directory that relative local roots start from.
        environment: ``local``, ``dev`` …
        environ: environment variables; those that start with ``ETL__`` count.
        overrides: the ``--set`` options, dotted key to text.

    Raises:
        ConfigError: every problem of all layers: unknown keys, wrong types, literal credentials, unusable URIs,
            settings that Spark would never see; or one that contradicts what Headrace forces.
        UsageError: no such environment.
    """
    layer = read_layers(conf, name, environment, environ, overrides)
    refuse_secrets(layer.values, lambda path: _locate(layer, path).place)
    settings, problems = structured(layer.values, Settings, lambda path: _locate(layer, path))
    raise_all(problems)
    if settings is not None:
        _check_spark(settings.spark, partial(_place, layer, ("spark",)))
        for to, target in settings.submit.items():
            _check_spark(target.spark, partial(_place, layer, ("submit", to, "spark")))
    if settings is None:  # pragma: no cover raise_all has raised
        raise ConfigError("cannot be read", place=Place(name))
    default = Origin("default", Place("built in"))
    origins = {dotted(path): layer.origins.get(path, default) for path, _ in leaves(_tables(settings))}
    return Config(
        **{attribute.name: getattr(settings, attribute.name) for attribute in fields(Settings)}
        | {
            "zones": {zone: absolute(root, base) for zone, root in settings.zones.items()},
            "state": absolute(settings.state, base),
            "artifacts": absolute(settings.artifacts, base),
        },
        environment=environment,
        origins=origins,
    )


def refuse_secrets(values: Mapping[str, Any], place: Any) -> None:
    """Refuse credentials that stand in configuration; the message never shows them.

    Raises:
        ConfigError: naming every such key.
    """
    raise_all(
        [
            LiteralSecretError(EXAMPLES, place=place(path))
            for path, value in leaves(values)
            if is_literal_secret(".".join(path), value)
        ]
    )


def _check_spark(conf: Mapping[str, str], place: Callable[[str], Place]) -> None:
    """Refuse keys under ``spark`` that are no names of Spark's, and values that contradict what is forced."""
    raise_all([_no_setting(key, place(key)) for key in conf if not key.startswith(OF_SPARK)])
    try:
        forced(conf)
    except ForcedSettingError as error:
        error.place = place(error.keys[0])
        raise


def _no_setting(key: str, place: Place) -> ConfigError:
    meant = f"spark.hadoop.{key}" if key.startswith(OF_HADOOP) else f"{OF_SPARK}{key}"
    return ConfigError(
        f"{key!r} is no setting of Spark's: their names start with {OF_SPARK!r}; did you mean {meant!r}?",
        place=place,
        remedy=f'write "{meant}" = … under [spark], or --set {meant}=…',
    )


def _locate(layer: Layer, path: KeyPath) -> Origin:
    while path and path not in layer.origins:
        path = path[:-1]
    return layer.origins.get(path, Origin("default", Place("conf")))


def _place(layer: Layer, above: KeyPath, key: str) -> Place:
    return _locate(layer, (*above, key)).place


def _tables(settings: Settings) -> dict[str, Any]:
    values = {attribute.name: getattr(settings, attribute.name) for attribute in fields(Settings)}
    values["submit"] = {
        name: asdict(value, filter=lambda _, said: said is not None) for name, value in settings.submit.items()
    }
    return {name: asdict(value) if has(type(value)) else value for name, value in values.items()}
