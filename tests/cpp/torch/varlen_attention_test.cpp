// tamis::varlen_attention: every kernel that runs on a CPU gives what plain arithmetic gives.
#include "score/torch/varlen_attention.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "support/catch.hpp"

namespace {

struct Example {
  at::Tensor query, key, value, cu_seqlens, segments, bias;
  std::int64_t max_seqlen = 0;
  double scale = 0.4;
};

Example make_example(const std::vector<std::int32_t>& lengths) {
  at::manual_seed(3);
  std::vector<std::int32_t> starts = {0};
  Example example;
  for (const std::int32_t length : lengths) {
    starts.push_back(starts.back() + length);
    example.max_seqlen = std::max<std::int64_t>(example.max_seqlen, length);
  }
  const std::int64_t tokens = starts.back();
  example.query = at::randn({tokens, 3, 8});
  example.key = at::randn({tokens, 3, 8});
  example.value = at::randn({tokens, 3, 8});
  example.cu_seqlens = at::tensor(starts, at::kInt);
  example.segments = at::arange(tokens).remainder(5).gt(2).to(at::kLong);
  example.bias = at::tensor({-4.0F, 0.0F, 1.5F});
  return example;
}

/// One sequence, one head, one row at a time, in double.
at::Tensor plain(const Example& x, const std::optional<at::Tensor>& bias) {
  const at::Tensor out = at::zeros_like(x.query);
  const auto q = x.query.to(at::kDouble);
  const auto k = x.key.to(at::kDouble);
  const auto v = x.value.to(at::kDouble);
  for (std::int64_t i = 0; i + 1 < x.cu_seqlens.numel(); ++i) {
    const auto begin = x.cu_seqlens[i].item<std::int64_t>();
    const auto end = x.cu_seqlens[i + 1].item<std::int64_t>();
    for (std::int64_t head = 0; head < x.query.size(1); ++head) {
      for (std::int64_t row = begin; row < end; ++row) {
        at::Tensor logits = k.slice(0, begin, end).select(1, head).mv(q[row][head]) * x.scale;
        if (bias) {
          const at::Tensor other = x.segments.slice(0, begin, end).ne(x.segments[row]);
          const at::Tensor own = bias->dim() == 1 ? *bias : (*bias)[row];
          logits = at::where(other, logits + own[head].to(at::kDouble), logits);
        }
        const at::Tensor mixed = v.slice(0, begin, end).select(1, head).t().mv(logits.softmax(0));
        out[row][head].copy_(mixed);
      }
    }
  }
  return out;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace

TEST_CASE("sequences attend to themselves alone") {
  const Example x = make_example({4, 1, 9, 2});
  const at::Tensor expected = plain(x, std::nullopt);
  const auto run = [&](auto kernel) {
    return kernel(x.query, x.key, x.value, x.cu_seqlens, x.max_seqlen, x.scale, std::nullopt,
                  std::nullopt);
  };
  CHECK(distance(run(tamis::torch_ops::varlen_attention_cpu), expected) < 2e-6);
  CHECK(distance(run(tamis::torch_ops::varlen_attention_padded), expected) < 2e-6);
  CHECK(distance(run(tamis::torch_ops::varlen_attention_cuda), expected) < 2e-6);
}

TEST_CASE("a bias lies between tokens of different segments") {
  Example x = make_example({7, 3, 12});
  const bool closed = GENERATE(false, true);
  if (closed) x.bias[1] = -std::numeric_limits<float>::infinity();
  const bool by_token = GENERATE(false, true);
  if (by_token) x.bias = x.bias + at::arange(x.query.size(0)).unsqueeze(1) / 7;
  const at::Tensor expected = plain(x, x.bias);
  const auto run = [&](auto kernel) {
    return kernel(x.query, x.key, x.value, x.cu_seqlens, x.max_seqlen, x.scale, x.segments, x.bias);
  };
  CHECK(distance(run(tamis::torch_ops::varlen_attention_cpu), expected) < 2e-6);
  CHECK(distance(run(tamis::torch_ops::varlen_attention_padded), expected) < 2e-6);
}

TEST_CASE("rectangles are cut where the mask would be too large") {
  const Example x = make_example(std::vector<std::int32_t>(12, 3000));
  const at::Tensor by_rows = tamis::torch_ops::varlen_attention_cpu(
      x.query, x.key, x.value, x.cu_seqlens, x.max_seqlen, x.scale, std::nullopt, std::nullopt);
  const at::Tensor by_rectangles = tamis::torch_ops::varlen_attention_padded(
      x.query, x.key, x.value, x.cu_seqlens, x.max_seqlen, x.scale, std::nullopt, std::nullopt);
  CHECK(distance(by_rows, by_rectangles) < 2e-6);
}

TEST_CASE("the operator is registered once, however often it is asked for") {
  tamis::torch_ops::register_ops();
  tamis::torch_ops::register_ops();
  const auto op = c10::Dispatcher::singleton().findSchema({"tamis::varlen_attention", ""});
  REQUIRE(op.has_value());
  CHECK(op->hasKernelForDispatchKey(c10::DispatchKey::CPU));
  CHECK(op->hasKernelForDispatchKey(c10::DispatchKey::CUDA));
}

TEST_CASE("inputs that do not fit together are refused") {
  const Example x = make_example({3, 2});
  CHECK_THROWS_AS(
      tamis::torch_ops::varlen_attention_cpu(x.query, x.key.narrow(0, 0, 2), x.value, x.cu_seqlens,
                                             x.max_seqlen, x.scale, std::nullopt, std::nullopt),
      c10::Error);
  CHECK_THROWS_AS(
      tamis::torch_ops::varlen_attention_cpu(x.query, x.key, x.value, x.cu_seqlens, x.max_seqlen,
                                             x.scale, std::nullopt, x.bias),
      c10::Error);
}
