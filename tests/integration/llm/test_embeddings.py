"""A second model, for embeddings."""

from __future__ import annotations

import warnings

import pytest

from ses.llm.requests import EmbeddingRequest

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def core(model, loop):
    from ses.llm.vllm.loading import start_core
    from ses.llm.vllm.settings import VllmSettings

    folder = model.with_name("minilm")
    if not folder.exists():
        pytest.skip("`ses model pull minilm` brings it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = loop.run(
            start_core(VllmSettings(model=str(folder), name="minilm", embeddings=True)), limit=300
        )
    yield made
    loop.run(made.close())


def test_what_means_the_same_lies_close(core, loop):
    request = EmbeddingRequest(input=["a cat", "a kitten", "the stock market"])
    answer = loop.run(core.embed(request))
    cat, kitten, market = answer.vectors

    def likeness(one, other):
        return sum(a * b for a, b in zip(one, other, strict=True))

    assert len(cat) == 384
    assert likeness(cat, kitten) > 0.6
    assert likeness(cat, market) < 0.3
    assert answer.usage.prompt_tokens > 6
