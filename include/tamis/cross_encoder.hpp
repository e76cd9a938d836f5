// tamis/cross_encoder.hpp: the first front door: tokenizer + planner + scorer + ranking.
//
//   auto model = tamis::CrossEncoder::load("models/minilm");
//   std::vector<std::string_view> passages = {"Paris is in France.", "Bananas are yellow."};
//   for (const tamis::Hit& hit : model.rank("capital of France", passages, {.top_k = 1}))
//     std::cout << hit.index << ' ' << hit.score << '\n';
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/batch/planner.hpp>
#include <tamis/cancel.hpp>
#include <tamis/rank/ranking.hpp>
#include <tamis/score/activation.hpp>
#include <tamis/score/scorer.hpp>
#include <tamis/text/pair_encoder.hpp>
#include <tamis/text/tokenizer.hpp>

namespace tamis {

struct ModelSpec;

struct TextPair {
  std::string_view query;
  std::string_view document;
};

/// What happens to a pair that is longer than the model reads.
enum class OnTruncation {
  allow,   ///< cut it; the prediction says how many tokens went
  error,   ///< throw TruncationError, saying how many tokens are too many
  window,  ///< score overlapping windows of the document and aggregate them
};

/// How the scores of a document's windows become one. `max` is MaxP of Dai and Callan, "Deeper Text
/// Understanding for IR with Contextual Neural Language Modeling", SIGIR 2019.
enum class Aggregate { max, mean, first };

struct LoadOptions {
  std::string precision = "fp32";
  std::optional<std::size_t> max_length =
      {};                     ///< tokens, special ones included; lowers the model's own
  bool verify_hashes = true;  ///< of a bundle's files, before they are read
};

struct PredictOptions {
  std::optional<std::size_t> max_length = {};           ///< tokens of a pair, special ones included
  std::optional<std::size_t> max_query_tokens = {};     ///< cut the query to this first
  std::optional<std::size_t> max_document_tokens = {};  ///< cut the document to this first
  Truncation truncation = Truncation::longest_first;
  OnTruncation on_truncation = OnTruncation::allow;
  Aggregate aggregate = Aggregate::max;
  std::optional<std::size_t> window_stride = {};  ///< tokens between windows; default half a window
  std::optional<std::size_t> max_batch_tokens = {};  ///< budget of a micro-batch
  std::optional<std::size_t> max_batch_pairs = {};
  std::optional<std::string> prompt_name =
      {};                                  ///< which of the model's prompts; absent: its default
  std::optional<std::string> prompt = {};  ///< before the query, instead of the model's; "": none
  /// Called in the caller's thread with pairs done and their total, between micro-batches and, with
  /// the same numbers again, within long ones; may throw to stop.
  std::function<void(std::size_t, std::size_t)> progress = {};
  std::optional<CancelToken> cancel = {};
};

struct RankOptions {
  std::optional<std::size_t> top_k = {};  ///< above the count: all
  std::optional<float> min_score = {};    ///< inclusive, after the activation, before top_k
  PredictOptions predict = {};
};

/// Logits of pairs in the caller's order, and what was cut to get them.
struct Prediction {
  std::vector<float> logits;  ///< [pairs, labels], before any activation
  std::size_t labels = 1;
  std::vector<std::uint32_t> query_tokens_cut;     ///< [pairs]
  std::vector<std::uint32_t> document_tokens_cut;  ///< [pairs]; 0 where windows read it all
  std::vector<Span> spans;  ///< [pairs], bytes of the winning window; empty unless windows
  std::size_t tokens = 0;   ///< scored, special ones included; equal pairs count once
};

/// Immutable once loaded: copies share everything, any number of threads may call one object.
class CrossEncoder {
 public:
  /// `path`: a Hugging Face folder of a known encoder, or a tamis bundle of one. Needs no torch.
  /// A model that is loaded already, from files that have not changed, is shared; threads that load
  /// it at the same time load it once.
  /// Throws ModelError, TokenizerError.
  [[nodiscard]] static CrossEncoder load(const std::filesystem::path& path,
                                         const LoadOptions& options = {});

  /// The same folder, scored by `scorer` (such as a TorchScriptScorer) instead of the engine.
  [[nodiscard]] static CrossEncoder load(const std::filesystem::path& path, AnyScorer scorer,
                                         const LoadOptions& options = {});

  /// Scores after the model's default activation, [pairs, labels].
  /// Throws InvalidArgument, TruncationError, NonFiniteScore, Cancelled.
  [[nodiscard]] std::vector<float> predict(std::span<const TextPair> pairs,
                                           const PredictOptions& options = {}) const;

  /// Logits and the truncation report. Throws as `predict` does.
  [[nodiscard]] Prediction predict_logits(std::span<const TextPair> pairs,
                                          const PredictOptions& options = {}) const;

  /// Best first, by logit; equal logits keep the caller's order. One-label models only.
  [[nodiscard]] Ranking rank(std::string_view query, std::span<const std::string_view> documents,
                             const RankOptions& options = {}) const;

  [[nodiscard]] const ModelSpec& spec() const;
  [[nodiscard]] const AnyTokenizer& tokenizer() const;
  [[nodiscard]] const AnyScorer& scorer() const;
  [[nodiscard]] std::size_t max_length() const;
  [[nodiscard]] std::size_t labels() const;
  [[nodiscard]] Activation activation() const;

 private:
  struct Parts;
  static std::shared_ptr<const Parts> assemble(ModelSpec spec, AnyScorer scorer,
                                               const PlanOptions& plan, const LoadOptions& options);
  explicit CrossEncoder(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace tamis
