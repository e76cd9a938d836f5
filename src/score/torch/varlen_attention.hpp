// score/torch/varlen_attention.hpp: attention over sequences that lie end to end (private).
#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

namespace tamis::torch_ops {

/// Registers `tamis::varlen_attention` with torch's dispatcher, once in a process. A call and not a
/// static initialiser: the linker drops those of a static library, and two modules in one process
/// may both hold this code.
void register_ops();

/// query, key, value: [tokens, heads, dim]; cu_seqlens: int32 [sequences + 1] on the same device.
/// `cross_bias` [heads], or [tokens, heads] by the token that asks, is added to the logits between
/// tokens whose `segments` [tokens] differ.
at::Tensor varlen_attention_cpu(const at::Tensor& query, const at::Tensor& key,
                                const at::Tensor& value, const at::Tensor& cu_seqlens,
                                std::int64_t max_seqlen, double scale,
                                const std::optional<at::Tensor>& segments,
                                const std::optional<at::Tensor>& cross_bias);

/// fp16 and bf16 without a bias go through ATen's flash kernel, the rest through rectangles.
at::Tensor varlen_attention_cuda(const at::Tensor& query, const at::Tensor& key,
                                 const at::Tensor& value, const at::Tensor& cu_seqlens,
                                 std::int64_t max_seqlen, double scale,
                                 const std::optional<at::Tensor>& segments,
                                 const std::optional<at::Tensor>& cross_bias);

/// The same through padded rectangles and a mask; runs on any device.
at::Tensor varlen_attention_padded(const at::Tensor& query, const at::Tensor& key,
                                   const at::Tensor& value, const at::Tensor& cu_seqlens,
                                   std::int64_t max_seqlen, double scale,
                                   const std::optional<at::Tensor>& segments,
                                   const std::optional<at::Tensor>& cross_bias);

}  // namespace tamis::torch_ops
