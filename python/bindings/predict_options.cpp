// bindings/predict_options.cpp
#include "predict_options.hpp"

#include <tamis/error.hpp>

namespace {

tamis::Truncation truncation_from(std::string_view name) {
  if (name == "longest_first") return tamis::Truncation::longest_first;
  if (name == "only_second") return tamis::Truncation::only_second;
  if (name == "only_first") return tamis::Truncation::only_first;
  tamis::raise<tamis::InvalidArgument>(
      "unknown truncation '{}'; use longest_first, only_second or only_first", name);
}

tamis::OnTruncation on_truncation_from(std::string_view name) {
  if (name == "allow") return tamis::OnTruncation::allow;
  if (name == "error") return tamis::OnTruncation::error;
  if (name == "window") return tamis::OnTruncation::window;
  tamis::raise<tamis::InvalidArgument>("unknown on_truncation '{}'; use allow, error or window",
                                       name);
}

tamis::Aggregate aggregate_from(std::string_view name) {
  if (name == "max") return tamis::Aggregate::max;
  if (name == "mean") return tamis::Aggregate::mean;
  if (name == "first") return tamis::Aggregate::first;
  tamis::raise<tamis::InvalidArgument>("unknown aggregate '{}'; use max, mean or first", name);
}

}  // namespace

tamis::PredictOptions predict_options(std::optional<std::size_t> max_length,
                                      std::string_view truncation,
                                      std::optional<std::size_t> max_query_tokens,
                                      std::optional<std::size_t> max_document_tokens,
                                      std::string_view on_truncation, std::string_view aggregate,
                                      std::optional<std::size_t> window_stride,
                                      std::optional<std::size_t> max_batch_tokens,
                                      std::optional<std::size_t> max_batch_pairs) {
  tamis::PredictOptions options;
  options.max_length = max_length;
  options.truncation = truncation_from(truncation);
  options.max_query_tokens = max_query_tokens;
  options.max_document_tokens = max_document_tokens;
  options.on_truncation = on_truncation_from(on_truncation);
  options.aggregate = aggregate_from(aggregate);
  options.window_stride = window_stride;
  options.max_batch_tokens = max_batch_tokens;
  options.max_batch_pairs = max_batch_pairs;
  options.prompt = "";
  return options;
}
