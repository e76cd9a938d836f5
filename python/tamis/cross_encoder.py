"""CrossEncoder: scores pairs of texts. The drop-in for sentence-transformers' class, and more."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tamis import activation as activations
from tamis import (
    awaiting,
    checks,
    deprecated,
    documents,
    load_options,
    model_settings,
    model_source,
    native_call,
    scoring,
)
from tamis import device as devices
from tamis._native import Stage
from tamis.documents import TextOf
from tamis.drop_in import DropIn, logger
from tamis.errors import InvalidArgument, ModelError
from tamis.hits import check_top_k, hits
from tamis.loaded import Elsewhere, Loaded, Recipe
from tamis.outputs import convert, empty
from tamis.pools import Pool, check, stop
from tamis.report import Prediction, Ranked, TruncationReport
from tamis.scoring import NO_OPINION, Arguments, Call, Options, Scored, check_names, score
from tamis.typing_names import Unpack
from tamis.views import CardData

_ONE_LABEL = (
    "CrossEncoder.rank() only works for models with num_labels=1. "
    "Consider using CrossEncoder.predict() with input pairs instead."
)


class CrossEncoder(DropIn):
    """Scores how well a document answers a query, reading both together.

    `CrossEncoder()` is the embedded default model and "tiny" a faster one, embedded too;
    "multilingual" is that of `pip install tamis[multilingual]`; another name is a local folder (of
    a Hugging Face sequence classifier, or a tamis bundle) or a model on the hub. Any number of
    threads may score with one object; changing its settings while they do is the caller's to order.

    All of sentence-transformers' arguments are here, and what cannot apply raises. Beyond them:
    `precision` ("fp32", "bf16", "int8", "fp16", "auto") and `scorer` ("engine",
    "torchscript"; None: by device). Scoring takes `tamis.scoring.Options`, too.
    """

    @deprecated.constructor_arguments
    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str] | None = None,
        *,
        modules: Any = None,
        device: Any = None,
        prompts: Mapping[str, str] | None = None,
        default_prompt_name: str | None = None,
        cache_folder: str | None = None,
        trust_remote_code: bool = False,
        revision: str | None = None,
        local_files_only: bool = False,
        token: bool | str | None = None,
        model_kwargs: Mapping[str, Any] | None = None,
        processor_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
        model_card_data: Any = None,
        backend: Literal["torch", "onnx", "openvino"] = "torch",
        num_labels: int | None = None,
        max_length: int | None = None,
        activation_fn: Any = None,
        keep_in_fp32_modules: Sequence[str] | None = None,
        precision: str | None = None,
        scorer: Literal["engine", "torchscript"] | None = None,
    ) -> None:
        if modules is not None:
            raise InvalidArgument(
                "modules= holds torch modules, which tamis does not run; save them as a folder "
                "with sentence-transformers and load that"
            )
        load_options.check_backend(backend)
        trust_remote_code = checks.flag("trust_remote_code", trust_remote_code)
        load_options.note_remote_code(trust_remote_code)
        options = load_options.read_options(
            model_kwargs,
            processor_kwargs,
            config_kwargs,
            {
                "revision": revision,
                "token": token,
                "cache_dir": cache_folder,
                "local_files_only": checks.flag("local_files_only", local_files_only) or None,
            },
        )
        if device is not None and options.device is not None:
            logger.warning(
                f"Ignoring `device={device}` because `model_kwargs['device_map']` takes priority."
            )
        folder = model_source.locate(model_name_or_path, **options.hub)
        model_source.require_reranker(folder)
        if keep_in_fp32_modules is None:
            keep_in_fp32_modules = model_source.saved_settings(folder).get("keep_in_fp32_modules")
        precision = load_options.choose_precision(
            precision, options.precision, keep_in_fp32_modules
        )
        embedded = model_source.embedded(model_name_or_path)
        for_cpu = embedded or model_source.is_multilingual(folder) or scorer == "engine"
        self._loaded = Loaded.load(
            Recipe(
                str(folder.absolute()) if embedded is None else None,
                devices.resolve(
                    device if options.device is None else options.device,
                    automatic="cpu" if for_cpu else "cuda",
                ),
                precision,
                scorer,
                model_source.revision_of(folder, model_name_or_path),
                embedded or "default",
            )
        )
        self._check_labels(options.num_labels if num_labels is None else num_labels)
        self._elsewhere = Elsewhere()
        self._shown_config = {"name_or_path": str(model_name_or_path or folder), **options.config}
        self._default_activation = model_settings.default_activation(
            self._loaded, trust_remote_code
        )
        self.activation_fn = self._default_activation if activation_fn is None else activation_fn
        name = "model_max_length" if max_length is None else "max_length"
        self._set_max_length(name, options.max_length if max_length is None else max_length)
        self.prompts, self.default_prompt_name = model_settings.prompts_of(
            self._loaded, prompts, default_prompt_name
        )
        self.trust_remote_code = trust_remote_code
        self.backend = backend
        self.keep_in_fp32_modules = list(keep_in_fp32_modules or [])
        self.model_card_data = CardData() if model_card_data is None else model_card_data

    def _check_labels(self, asked: int | None) -> None:
        if asked is not None and checks.positive("num_labels", asked) != self.num_labels:
            raise ModelError(
                f"num_labels={asked} was asked for, but the model's head gives "
                f"{self.num_labels}; a new head would be random: train one with "
                "sentence-transformers"
            )

    # --- pairs

    @deprecated.call_arguments("num_workers")
    def predict(
        self,
        inputs: Any,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = NO_OPINION,
        show_progress_bar: bool | None = None,
        activation_fn: Any = None,
        apply_softmax: bool | None = False,
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        device: Any = None,
        pool: Pool | None = None,
        chunk_size: int | None = None,
        **options: Unpack[Options],
    ) -> Any:
        """Scores of pairs, in the caller's order: a float32 array, a tensor, or a list of tensors.

        `inputs`: a list of (query, document), or one such pair, which gives one score. Arguments
        are sentence-transformers'; for the others see `tamis.scoring.Options`.
        Throws InvalidArgument, TruncationError, NonFiniteScore.
        """
        return self.predict_with_report(
            inputs,
            prompt_name=prompt_name,
            prompt=prompt,
            batch_size=batch_size,
            show_progress_bar=show_progress_bar,
            activation_fn=activation_fn,
            apply_softmax=apply_softmax,
            convert_to_numpy=convert_to_numpy,
            convert_to_tensor=convert_to_tensor,
            device=device,
            pool=pool,
            chunk_size=chunk_size,
            **options,
        ).scores

    def predict_with_report(
        self,
        inputs: Any,
        *,
        apply_softmax: bool | None = False,
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        **arguments: Unpack[Arguments],
    ) -> Prediction:
        """`predict`, and what was cut, as a `TruncationReport`."""
        call = self._call(arguments, "predict", checks.flag("apply_softmax", apply_softmax))
        convert_to_numpy = checks.flag("convert_to_numpy", convert_to_numpy)
        convert_to_tensor = checks.flag("convert_to_tensor", convert_to_tensor)
        single = documents.is_single_pair(inputs)
        if single:
            inputs = [inputs.tolist() if isinstance(inputs, np.ndarray) else inputs]
        queries, texts = documents.pairs_of(inputs)
        scored = self._score(queries, texts, call, arguments)
        on = None
        if convert_to_tensor or not convert_to_numpy:
            on = self._place_of_scores(arguments.get("device"), arguments.get("pool"))
        if not queries:
            scores = empty(convert_to_numpy, convert_to_tensor, on)
        else:
            scores = convert(scored.scores, convert_to_numpy, convert_to_tensor, on)
        return Prediction(scores[0] if single else scores, scored.report)

    # --- rankings

    @deprecated.call_arguments(
        "num_workers", "apply_softmax", "convert_to_numpy", "convert_to_tensor"
    )
    def rank(
        self,
        query: Any,
        documents: Iterable[Any],
        top_k: int | None = None,
        return_documents: bool = False,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = NO_OPINION,
        show_progress_bar: bool | None = None,
        activation_fn: Any = None,
        device: Any = None,
        pool: Pool | None = None,
        chunk_size: int | None = None,
        *,
        min_score: float | None = None,
        text: TextOf = None,
        fields: Sequence[str] | None = None,
        **options: Unpack[Options],
    ) -> list[dict[str, Any]]:
        """Documents, best first: `{"corpus_id": int, "score": float}`; ties keep their order.

        Documents are str, dict or any object: `text` names the key or attribute with the text, or
        is a function; `fields` joins several. `return_documents` adds "text", and "document" with
        what was given where that is no str. `min_score` is inclusive, and goes before `top_k`.
        With on_truncation="window", "span" holds the winning window's characters.
        """
        return self.rank_with_report(
            query,
            documents,
            top_k=top_k,
            return_documents=return_documents,
            prompt_name=prompt_name,
            prompt=prompt,
            batch_size=batch_size,
            show_progress_bar=show_progress_bar,
            activation_fn=activation_fn,
            device=device,
            pool=pool,
            chunk_size=chunk_size,
            min_score=min_score,
            text=text,
            fields=fields,
            **options,
        ).hits

    def rank_with_report(
        self, query: Any, documents: Iterable[Any], **arguments: Unpack[scoring.RankArguments]
    ) -> Ranked:
        """`rank`, and what was cut. Arguments are those of `rank`."""
        lists, report = self._rank([query], [documents], "rank", **arguments)
        return Ranked(lists[0], report)

    def rank_many(
        self,
        queries: Sequence[Any],
        documents: Sequence[Iterable[Any]],
        **arguments: Unpack[scoring.RankArguments],
    ) -> list[list[dict[str, Any]]]:
        """A ranking for each query, of its own documents, scored together: equal to a loop over
        `rank`, and faster. Arguments are those of `rank`."""
        return self._rank(queries, documents, "rank_many", **arguments)[0]

    def _rank(
        self,
        queries: Sequence[Any],
        candidates: Sequence[Iterable[Any]],
        method: str,
        *,
        top_k: int | None = None,
        return_documents: bool = False,
        min_score: float | None = None,
        text: TextOf = None,
        fields: Sequence[str] | None = None,
        **arguments: Unpack[Arguments],
    ) -> tuple[list[list[dict[str, Any]]], TruncationReport]:
        if self.num_labels != 1:
            raise InvalidArgument(_ONE_LABEL)
        check_top_k(top_k)
        return_documents = checks.flag("return_documents", return_documents)
        checks.min_score(min_score)
        call = self._call(arguments, method)
        lists = documents.candidates_of(queries, candidates, text, fields)
        flat = [(each.query, passage) for each in lists for passage in each.texts]
        scored = self._score([q for q, _ in flat], [d for _, d in flat], call, arguments)
        if scored.scores.ndim > 1:
            raise InvalidArgument(
                f"activation_fn gives {scored.scores.shape[1]} scores of a pair, and a ranking "
                "needs one; use predict"
            )
        found, begin = [], 0
        for each in lists:
            end = begin + len(each.texts)
            found.append(
                hits(
                    scored.part(begin, end),
                    each.documents,
                    each.texts,
                    monotone=call.activation.monotone,
                    top_k=top_k,
                    min_score=min_score,
                    return_documents=return_documents,
                )
            )
            begin = end
        return found, scored.report

    # --- from coroutines

    apredict = awaiting.method(predict)
    arank = awaiting.method(rank)
    arank_many = awaiting.method(rank_many)

    # --- implementation

    def _call(self, arguments: Arguments, method: str, apply_softmax: bool = False) -> Call:
        check_names(arguments, method)
        space, given = arguments.get("scores", "default"), arguments.get("activation_fn")
        if given is not None and space != "default":
            raise InvalidArgument("give activation_fn or scores, not both")
        chosen = self._activation if given is None else activations.resolve(given)
        show = arguments.get("show_progress_bar")
        if show is None:
            show = logger.getEffectiveLevel() in (10, 20)  # DEBUG, INFO
        return Call.read(
            arguments,
            activation=activations.by_space(
                space, self.num_labels, chosen, model_settings.computed_space(self._loaded)
            ),
            prompt=self._resolve_prompt(arguments.get("prompt"), arguments.get("prompt_name")),
            max_length=self.max_seq_length,
            show_progress_bar=checks.flag("show_progress_bar", show),
            apply_softmax=apply_softmax,
        )

    def _stage(self, name: str, arguments: Any) -> Stage:
        """This model, as its settings are now, as a stage of a cascade. It releases the GIL."""
        if self.num_labels != 1:
            raise InvalidArgument(
                f"a stage ranks by one score, this model has {self.num_labels} labels"
            )
        call = self._call(arguments, "stages.rerank")
        scoring.refuse_in_a_stage(arguments)
        return native_call.call(
            Stage.rerank,
            self._loaded.native,
            name=name,
            prompt=call.prompt,
            warns_of_cuts=call.warns,
            **call.native,
        )

    def _score(
        self, queries: list[str], texts: list[str], call: Call, arguments: Arguments
    ) -> Scored:
        device, pool = arguments.get("device"), arguments.get("pool")
        if pool is not None:
            check(pool, self._loaded)
            if device is not None:
                raise InvalidArgument(
                    "the workers of a pool have their devices already; leave out one of pool= and "
                    "device="
                )
            return score(self._loaded, queries, texts, call, pool)
        if isinstance(device, (list, tuple)):
            own = self.start_multi_process_pool(list(device))
            try:
                return score(self._loaded, queries, texts, call, own)
            finally:
                stop(own)
        return score(self._on(device), queries, texts, call)
