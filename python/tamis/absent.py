"""What sentence-transformers' class has and ours has not, with the way round."""

from __future__ import annotations

_TRAINING = {
    "fit",
    "old_fit",
    "train",
    "compile",
    "parameters",
    "named_parameters",
    "state_dict",
    "load_state_dict",
    "forward",
    "zero_grad",
    "requires_grad_",
    "gradient_checkpointing_enable",
    "smart_batching_collate",
    "smart_batching_collate_text_only",
    "active_adapter",
    "active_adapters",
    "add_adapter",
    "check_peft_compatible_model",
    "delete_adapter",
    "disable_adapters",
    "enable_adapters",
    "get_adapter_state_dict",
    "has_peft_compatible_model",
    "load_adapter",
    "set_adapter",
    "merge",
    "clear_placement_cache",
    # torch.nn.Module's
    "modules",
    "named_modules",
    "children",
    "named_children",
    "buffers",
    "named_buffers",
    "get_submodule",
    "get_parameter",
    "apply",
    "add_module",
    "share_memory",
    "training",
    "double",
    "extra_repr",
    "get_buffer",
    "get_extra_state",
    "set_extra_state",
    "set_submodule",
    "to_empty",
    "type",
    # of a stack of modules
    "append",
    "extend",
    "insert",
    "pop",
    "get_model_kwargs",
    "model_card_data_class",
    "set_keep_in_fp32_modules",
    "preprocess",
    "tokenize",
}
_HUB = {"push_to_hub", "save_to_hub"}


def explain(name: str) -> str:
    """The text of the AttributeError for a name that CrossEncoder has not."""
    if name in _TRAINING or name.startswith("register_"):
        return (
            f"tamis.CrossEncoder only scores and has no '{name}'; train with "
            "sentence_transformers.CrossEncoder and load what it saves"
        )
    if name in _HUB:
        return (
            f"tamis.CrossEncoder has no '{name}'; save_pretrained() a folder and upload it with "
            "huggingface_hub"
        )
    return f"'CrossEncoder' object has no attribute '{name}'"
