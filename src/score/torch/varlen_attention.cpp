// score/torch/varlen_attention.cpp: the kernels of `tamis::varlen_attention`, in ATen calls.
#include "score/torch/varlen_attention.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <tuple>

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

namespace tamis::torch_ops {
namespace {

constexpr const char* kSchema =
    "varlen_attention(Tensor query, Tensor key, Tensor value, Tensor cu_seqlens, int max_seqlen, "
    "float scale, Tensor? segments=None, Tensor? cross_bias=None) -> Tensor";

/// A mask of a rectangle of sequences is kept below this many bytes.
constexpr std::int64_t kMaskBytes = std::int64_t{256} << 20;

/// [tokens, heads, dim] -> [1, heads, tokens, dim], as scaled_dot_product_attention takes it.
at::Tensor as_one(const at::Tensor& packed) { return packed.transpose(0, 1).unsqueeze(0); }

/// [..., L] segments -> [..., heads, L, L] bias between different segments, where `cross_bias` is
/// [heads] or [..., L, heads].
at::Tensor bias_of(const at::Tensor& segments, const at::Tensor& cross_bias, at::ScalarType dtype) {
  const at::Tensor differs = segments.unsqueeze(-1).ne(segments.unsqueeze(-2)).unsqueeze(-3);
  const at::Tensor bias = cross_bias.dim() == 1 ? cross_bias.view({-1, 1, 1})
                                                : cross_bias.transpose(-1, -2).unsqueeze(-1);
  // where, not a product: the bias may be -inf, and -inf * 0 is NaN.
  return at::where(differs, bias.to(dtype), at::zeros({}, cross_bias.options().dtype(dtype)));
}

bool by_token(const at::Tensor& cross_bias) { return cross_bias.dim() == 2; }

void check(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
           const at::Tensor& cu_seqlens, const std::optional<at::Tensor>& segments,
           const std::optional<at::Tensor>& cross_bias) {
  TORCH_CHECK_VALUE(
      query.dim() == 3 && key.sizes() == query.sizes() && value.sizes() == query.sizes(),
      "query, key and value must all be [tokens, heads, dim]");
  TORCH_CHECK_VALUE(cu_seqlens.dim() == 1 && cu_seqlens.numel() > 0,
                    "cu_seqlens must be [sequences + 1]");
  TORCH_CHECK_VALUE(segments.has_value() == cross_bias.has_value(),
                    "segments and cross_bias come together");
  TORCH_CHECK_VALUE(!cross_bias || cross_bias->dim() == 1 ||
                        (by_token(*cross_bias) && cross_bias->size(0) == query.size(0) &&
                         cross_bias->size(1) == query.size(1)),
                    "cross_bias must be [heads] or [tokens, heads]");
}

/// Set when the flash kernel turned out not to serve this GPU (older than Ampere).
std::atomic<bool> flash_refused{false};

bool flash_serves(const at::Tensor& query, bool biased) {
  const auto dtype = query.scalar_type();
  const std::int64_t dim = query.size(2);
  return !biased && !flash_refused.load(std::memory_order_relaxed) && dim % 8 == 0 && dim <= 256 &&
         (dtype == at::kHalf || dtype == at::kBFloat16);
}

}  // namespace

at::Tensor varlen_attention_cpu(const at::Tensor& query, const at::Tensor& key,
                                const at::Tensor& value, const at::Tensor& cu_seqlens,
                                std::int64_t /*max_seqlen*/, double scale,
                                const std::optional<at::Tensor>& segments,
                                const std::optional<at::Tensor>& cross_bias) {
  check(query, key, value, cu_seqlens, segments, cross_bias);
  const at::Tensor bounds = cu_seqlens.to(at::kInt).contiguous();
  const auto* cu = bounds.const_data_ptr<std::int32_t>();
  at::Tensor out = at::empty_like(query, query.options(), at::MemoryFormat::Contiguous);
  for (std::int64_t i = 0; i + 1 < bounds.numel(); ++i) {
    const std::int64_t begin = cu[i];
    const std::int64_t length = cu[i + 1] - begin;
    if (length == 0) continue;
    std::optional<at::Tensor> mask;
    if (cross_bias) {
      const at::Tensor bias =
          by_token(*cross_bias) ? cross_bias->narrow(0, begin, length) : *cross_bias;
      mask = bias_of(segments->narrow(0, begin, length), bias, query.scalar_type());
    }
    const at::Tensor mixed = at::scaled_dot_product_attention(
        as_one(query.narrow(0, begin, length)), as_one(key.narrow(0, begin, length)),
        as_one(value.narrow(0, begin, length)), mask, /*dropout_p=*/0.0, /*is_causal=*/false,
        scale);
    out.narrow(0, begin, length).copy_(mixed.squeeze(0).transpose(0, 1));
  }
  return out;
}

at::Tensor varlen_attention_padded(const at::Tensor& query, const at::Tensor& key,
                                   const at::Tensor& value, const at::Tensor& cu_seqlens,
                                   std::int64_t max_seqlen, double scale,
                                   const std::optional<at::Tensor>& segments,
                                   const std::optional<at::Tensor>& cross_bias) {
  check(query, key, value, cu_seqlens, segments, cross_bias);
  const std::int64_t tokens = query.size(0);
  const std::int64_t sequences = cu_seqlens.numel() - 1;
  const auto index = query.options().dtype(at::kLong);
  const at::Tensor starts = cu_seqlens.to(at::kLong);
  const at::Tensor steps = at::arange(max_seqlen, index);
  at::Tensor out = at::empty_like(query, query.options(), at::MemoryFormat::Contiguous);

  const std::int64_t heads = cross_bias ? query.size(1) : 1;
  const std::int64_t row = std::max<std::int64_t>(1, heads * max_seqlen * max_seqlen * 4);
  const std::int64_t at_once = std::max<std::int64_t>(1, kMaskBytes / row);
  for (std::int64_t first = 0; first < sequences; first += at_once) {
    const std::int64_t count = std::min(at_once, sequences - first);
    const at::Tensor begin = starts.narrow(0, first, count).unsqueeze(1);
    const at::Tensor end = starts.narrow(0, first + 1, count).unsqueeze(1);
    const at::Tensor cells = begin + steps;   // [count, max_seqlen] -> token
    const at::Tensor inside = cells.lt(end);  // false at padding
    const at::Tensor safe = cells.clamp_max(tokens - 1);
    at::Tensor mask = inside.view({count, 1, 1, max_seqlen});
    if (cross_bias) {
      const at::Tensor own = by_token(*cross_bias) ? cross_bias->index({safe}) : *cross_bias;
      const at::Tensor bias = bias_of(segments->index({safe}), own, query.scalar_type());
      mask = bias.masked_fill(mask.logical_not(), -std::numeric_limits<double>::infinity());
    }
    const auto rectangle = [&](const at::Tensor& packed) {
      return packed.index({safe}).transpose(1, 2);  // [count, heads, max_seqlen, dim]
    };
    const at::Tensor mixed = at::scaled_dot_product_attention(
        rectangle(query), rectangle(key), rectangle(value), mask, /*dropout_p=*/0.0,
        /*is_causal=*/false, scale);
    out.index_put_({cells.index({inside})}, mixed.transpose(1, 2).index({inside}));
  }
  return out;
}

at::Tensor varlen_attention_cuda(const at::Tensor& query, const at::Tensor& key,
                                 const at::Tensor& value, const at::Tensor& cu_seqlens,
                                 std::int64_t max_seqlen, double scale,
                                 const std::optional<at::Tensor>& segments,
                                 const std::optional<at::Tensor>& cross_bias) {
  if (flash_serves(query, cross_bias.has_value())) {
    try {
      return std::get<0>(at::_flash_attention_forward(
          query.contiguous(), key.contiguous(), value.contiguous(), cu_seqlens, cu_seqlens,
          max_seqlen, max_seqlen, /*dropout_p=*/0.0, /*is_causal=*/false,
          /*return_debug_mask=*/false, scale));
    } catch (const c10::OutOfMemoryError&) {
      throw;
    } catch (const c10::Error&) {
      // The kernel says no before it is launched (older than Ampere, or built without it).
      flash_refused.store(true, std::memory_order_relaxed);
    }
  }
  return varlen_attention_padded(query, key, value, cu_seqlens, max_seqlen, scale, segments,
                                 cross_bias);
}

void register_ops() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (c10::Dispatcher::singleton().findSchema({"tamis::varlen_attention", ""})) return;
    // Never destroyed: torch's dispatcher may be gone first when the process ends.
    auto* library =
        new torch::Library(torch::Library::FRAGMENT, "tamis", std::nullopt, __FILE__, __LINE__);
    library->def(kSchema);
    library->impl("varlen_attention",
                  torch::dispatch(c10::DispatchKey::CPU, TORCH_FN(varlen_attention_cpu)));
    library->impl("varlen_attention",
                  torch::dispatch(c10::DispatchKey::CUDA, TORCH_FN(varlen_attention_cuda)));
  });
}

}  // namespace tamis::torch_ops
