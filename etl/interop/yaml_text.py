"""CloudFormation's YAML, with its short forms of intrinsic functions."""

from __future__ import annotations

from typing import Any

from etl.errors import ConfigError, Place, PlatformError


def loaded(text: str, name: str) -> Any:
    """Return what a YAML text says; ``!Ref x`` as ``{"Ref": "x"}``, others as ``{"Fn::…": …}``.

    Raises:
        PlatformError: PyYAML is not installed.
        ConfigError: it is no YAML, with the line.
    """
    try:
        import yaml
    except ModuleNotFoundError:
        raise PlatformError(f"{name}: reading YAML needs PyYAML", remedy="pip install 'headrace[import]'") from None

    class Loader(yaml.SafeLoader):
        """YAML's plain values, and tags as CloudFormation means them."""

    def tagged(loader: Any, tag: str, node: Any) -> Any:
        if isinstance(node, yaml.ScalarNode):
            value: Any = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        return {"Ref" if tag == "Ref" else f"Fn::{tag}": value}

    Loader.add_multi_constructor("!", tagged)
    # A date stays the text that it is.
    Loader.yaml_implicit_resolvers = {
        sign: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for sign, found in Loader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(text, Loader)  # noqa: S506 a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise ConfigError(
            f"is neither JSON nor YAML: {getattr(error, 'problem', error)}", place=Place(name, line)
        ) from None
