// bindings/predict_options.hpp: PredictOptions from what Python passes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <tamis/cross_encoder.hpp>

/// Without a prompt: Python puts it before the query, it may have prompts of its own. Throws
/// InvalidArgument for an unknown name.
tamis::PredictOptions predict_options(std::optional<std::size_t> max_length,
                                      std::string_view truncation,
                                      std::optional<std::size_t> max_query_tokens,
                                      std::optional<std::size_t> max_document_tokens,
                                      std::string_view on_truncation, std::string_view aggregate,
                                      std::optional<std::size_t> window_stride,
                                      std::optional<std::size_t> max_batch_tokens,
                                      std::optional<std::size_t> max_batch_pairs);
