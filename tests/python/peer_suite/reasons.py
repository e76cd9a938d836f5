"""The tests of sentence-transformers that cannot pass with our class, and why.

Names as pytest gives them; without brackets, all parameters.
"""

from __future__ import annotations

_STACK = "builds a stack of torch modules"
_TORCH = "reaches into the torch model behind it"
_TEMPLATE = (
    "chat templates in processor_kwargs: refused with an error, texts are tokenized as pairs"
)
_QWEN = "needs a hub model of 0.6 billion parameters, without a stand-in; on CUDA alone"
_FRESH = "expects a fresh random head on an encoder without one: refused"

CANNOT_PASS: dict[str, str] = {
    "test_load_with_revision": _TORCH + ": sets parameters of its classifier",
    "test_predict_batch_size_1": _TORCH + ": replaces forward()",
    "test_predict_routes_through_module_call": _TORCH + ": a forward hook",
    "test_num_labels_from_dense_scores_module": _STACK,
    "test_num_labels_ignores_dense_without_scores_output": _STACK,
    "test_config_and_model_none_without_transformer": _STACK,
    "test_default_activation_fn_without_transformer": _STACK,
    "test_push_to_hub": "uploads: save_pretrained() and huggingface_hub do that",
    "test_load_activation_fn_from_config_custom": (
        "imports what a model's configuration names when trust_remote_code=True: never done"
    ),
    "test_replacing_a_rejected_chat_template_takes_effect": _TEMPLATE,
    "test_preprocess_raises_on_non_text_pair_without_pair_roles": _TEMPLATE,
    "test_predict_raises_on_chat_template_without_pair_roles": _TEMPLATE,
    "test_predict_raises_on_mixed_batch_containing_a_pair": _TEMPLATE,
    "test_predict_applies_chat_template_with_pair_roles": _TEMPLATE,
    "test_predict_applies_chat_template_that_only_echoes_the_role": _TEMPLATE,
    "test_message_input_with_a_single_pair_role_is_not_checked": _TEMPLATE,
    "test_probe_uses_the_configured_chat_template_kwargs": _TEMPLATE,
    "test_qwen3_reranker_formatted_pairs": _QWEN,
    "test_qwen3_reranker_with_chat_template": _TEMPLATE,
    "test_qwen3_reranker_original_with_identity_activation": _TEMPLATE,
    "test_qwen3_reranker_original_without_prompt": _TEMPLATE,
    "test_conversion_ignores_source_prompts_and_default_prompt_name": _FRESH,
}
