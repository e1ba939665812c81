"""From a GGUF file to a folder in Hugging Face's layout. Imports torch and transformers: seconds, and a gigabyte while it works."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from ses.errors import SesError

TEMPLATE = Path(__file__).with_name("tools.jinja")
"""SmolLM2's own chat template knows no tools; this one is the same without them, and speaks Hermes' tool calls with them."""


def convert(gguf: Path, made: Path) -> None:
    """Write the model (bfloat16), its tokenizer and its chat template to `made`. Raises `SesError`."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # bars of the libraries would be torn by ours
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
        from transformers.utils import logging
    except ImportError as error:
        raise SesError(f"converting needs transformers ({error}); `ses model install` installs it") from error
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    folder, file = str(gguf.parent), gguf.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, about their own future
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=file, quantization_config=GgufConfig(dequantize=True)
        )
        model.to(torch.bfloat16).save_pretrained(made)
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, gguf_file=file)
        tokenizer.chat_template = TEMPLATE.read_text(encoding="utf-8")
        tokenizer.save_pretrained(made)
