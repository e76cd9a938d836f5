// cross_encoder/limits.cpp
#include "cross_encoder/limits.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include <tamis/error.hpp>

namespace tamis {
namespace {

void require_positive(std::string_view name, std::optional<std::size_t> value) {
  if (value && *value == 0) raise<InvalidArgument>("{} is 0; it must be at least 1", name);
}

void refuse_without_effect(const PredictOptions& options) {
  const bool windows = options.on_truncation == OnTruncation::window;
  if (windows && options.truncation != Truncation::longest_first) {
    raise<InvalidArgument>(
        "truncation says which side is cut, and windows cut no document; leave out one of them");
  }
  if (!windows && (options.window_stride || options.aggregate != Aggregate::max)) {
    raise<InvalidArgument>(
        "aggregate and window_stride are of windows; set on_truncation to window");
  }
}

}  // namespace

PairLimits pair_limits(const PairTemplate& pair_template, std::size_t model_limit,
                       const PredictOptions& options) {
  require_positive("max_length", options.max_length);
  require_positive("max_query_tokens", options.max_query_tokens);
  require_positive("max_document_tokens", options.max_document_tokens);
  require_positive("window_stride", options.window_stride);
  require_positive("max_batch_tokens", options.max_batch_tokens);
  require_positive("max_batch_pairs", options.max_batch_pairs);
  refuse_without_effect(options);
  PairLimits limits;
  limits.max_length = std::min(options.max_length.value_or(model_limit), model_limit);
  limits.max_query_tokens = options.max_query_tokens;
  limits.max_document_tokens = options.max_document_tokens;
  limits.truncation = options.truncation;
  const std::size_t special = pair_template.special_tokens();
  if (limits.max_length < special) {
    raise<InvalidArgument>("max_length is {}, but the model puts {} special tokens around a pair",
                           limits.max_length, special);
  }
  return limits;
}

}  // namespace tamis
