// tamis/late_interaction.hpp: the second front door: passages are encoded once and kept; a query is
// encoded once and compared with them token by token.
//
//   auto model = tamis::LateInteraction::load("models/minilm");
//   tamis::Passages passages = model.encode_passages(texts);
//   passages.save("texts.passages");
//   for (const tamis::Hit& hit : model.rank("capital of France", passages, {.top_k = 100}))
//     candidates.push_back(texts[hit.index]);
//
// Khattab and Zaharia, "ColBERT: Efficient and Effective Passage Search via Contextualized Late
// Interaction over BERT", SIGIR 2020.
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

#include <tamis/cancel.hpp>
#include <tamis/cross_encoder.hpp>
#include <tamis/rank/ranking.hpp>
#include <tamis/text/tokens.hpp>

namespace tamis {

struct LateInteractionParts;

struct LateInteractionOptions {
  std::string precision = "fp32";              ///< of the encoder, as in EngineOptions
  std::optional<std::size_t> max_length = {};  ///< tokens of a text, special ones included
  std::optional<std::string> query_prefix =
      {};  ///< "query: "; absent: the one saved with the model
  std::optional<std::string> passage_prefix = {};  ///< "passage: "; likewise
  float maxsim_weight = 1;  ///< of a plain encoder; a tamis model has its own
  float cosine_weight = 1;  ///< likewise
  std::size_t cache_bytes = std::size_t{128} << 20U;  ///< of passages that are kept; 0: none
  bool verify_hashes = true;                          ///< of a bundle's files
};

struct ReadOptions {
  OnTruncation on_truncation = OnTruncation::allow;  ///< `window` is refused
  /// Called in the caller's thread with texts done and their total, perhaps with the same numbers
  /// again; may throw to stop.
  std::function<void(std::size_t, std::size_t)> progress = {};
  std::optional<CancelToken> cancel = {};
};

struct LateRankOptions {
  std::optional<std::size_t> top_k = {};  ///< above the count: all
  std::optional<float> min_score = {};    ///< inclusive, before top_k
  ReadOptions read;
};

/// Logits of one query, in the order of the passages.
struct LateScores {
  std::vector<float> logits;
  std::uint32_t query_tokens_cut = 0;
};

/// One unit vector for each text, in the order of the texts.
struct Embeddings {
  std::vector<float> values;  ///< [texts, width]
  std::size_t width = 0;
  std::vector<std::uint32_t> tokens_cut;  ///< [texts]
};

/// How a ColBERT reads texts: a marker after the first token tells queries from documents.
struct ColbertSettings {
  struct Side {
    std::optional<TokenId> marker;
    std::size_t length = 0;  ///< tokens, special ones and the marker included
  };
  Side query;
  Side document;
  std::optional<TokenId> filler =
      {};                         ///< fills queries up to their length; absent: they stay short
  bool attend_to_filler = false;  ///< whether a query's other tokens see it
  std::vector<TokenId> skipped;   ///< tokens of documents that are not compared, sorted
};

/// Encoded passages of one model. Immutable: copies share everything, and parts share their bytes.
///
/// A token takes its width and four bytes more: int8 with a scale of its own. One more row, the
/// mean of all tokens, belongs to each passage.
class Passages {
 public:
  Passages();

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t width() const;   ///< of a token's vector
  [[nodiscard]] std::size_t tokens() const;  ///< special ones included
  [[nodiscard]] std::size_t bytes() const;   ///< of all vectors, shared or not
  /// Tokens of each passage that the model did not read.
  [[nodiscard]] std::vector<std::uint32_t> tokens_cut() const;

  /// Unit vectors [passages, width], the mean of each passage's tokens: what embed_passages gives
  /// of a model that embeds by the mean, up to int8. They cost nothing here.
  [[nodiscard]] std::vector<float> means() const;

  /// The passages with these indices, in this order. Throws InvalidArgument.
  [[nodiscard]] Passages select(std::span<const std::size_t> indices) const;

  /// Replaces the file only when all is written. Throws Error.
  void save(const std::filesystem::path& path) const;

  struct Contents;
  [[nodiscard]] const Contents& contents() const { return *contents_; }
  explicit Passages(std::shared_ptr<const Contents> contents) : contents_(std::move(contents)) {}

 private:
  std::shared_ptr<const Contents> contents_;
};

/// Immutable but for its cache: copies share everything, any number of threads may call one object.
class LateInteraction {
 public:
  /// `path`: a folder of a tamis_interaction model, of a ColBERT (or its bundle), or of a plain
  /// encoder (BERT, RoBERTa, XLM-R ...) that was trained to embed texts by the mean of its tokens.
  /// Throws ModelError, TokenizerError, InvalidArgument.
  [[nodiscard]] static LateInteraction load(const std::filesystem::path& path,
                                            const LateInteractionOptions& options = {});

  /// Equal texts, and texts that are still in the cache, are encoded once. The same passage has the
  /// same bits in any company. Throws InvalidArgument, TruncationError, NonFiniteScore, Cancelled.
  [[nodiscard]] Passages encode_passages(std::span<const std::string_view> texts,
                                         const ReadOptions& options = {}) const;

  /// One vector for each text, for a nearest-neighbour index: the mean of its tokens, or its first
  /// token's where the model's folder says so, of length 1, in fp32. A cosine is a dot product.
  /// They do not go through the cache. Throws as encode_passages does, and ModelError for a model
  /// that embeds in another way.
  [[nodiscard]] Embeddings embed_passages(std::span<const std::string_view> texts,
                                          const ReadOptions& options = {}) const;
  [[nodiscard]] Embeddings embed_queries(std::span<const std::string_view> texts,
                                         const ReadOptions& options = {}) const;

  /// What `Passages::save` wrote, mapped: memory holds what is in use. With `verify` all of it is
  /// read once and compared with its hash. Throws ModelError for a file that is damaged, of another
  /// format, or of another model.
  [[nodiscard]] Passages open_passages(const std::filesystem::path& path, bool verify = true) const;

  /// The queries that were used last are kept encoded. Throws InvalidArgument for passages of
  /// another model, and as encode_passages does.
  [[nodiscard]] LateScores score(std::string_view query, const Passages& passages,
                                 const ReadOptions& options = {}) const;
  /// `passages[i]` are those of `queries[i]`, which are encoded together.
  [[nodiscard]] std::vector<LateScores> score(std::span<const std::string_view> queries,
                                              std::span<const Passages> passages,
                                              const ReadOptions& options = {}) const;

  /// Best first; equal logits keep the caller's order. Throws as `score` does.
  [[nodiscard]] Ranking rank(std::string_view query, const Passages& passages,
                             const LateRankOptions& options = {}) const;
  [[nodiscard]] Ranking rank(std::string_view query, std::span<const std::string_view> passages,
                             const LateRankOptions& options = {}) const;

  [[nodiscard]] const std::filesystem::path& folder() const;
  [[nodiscard]] std::size_t max_length() const;
  [[nodiscard]] std::size_t width() const;  ///< of a token's vector
  /// Null for what is no ColBERT.
  [[nodiscard]] const ColbertSettings* colbert() const;
  /// Names the model and its passage prefix: equal for whom vectors may be compared.
  [[nodiscard]] const std::string& fingerprint() const;
  [[nodiscard]] std::size_t cached_bytes() const;  ///< held by the cache now
  [[nodiscard]] std::string description() const;   ///< "engine fp32 avx2"

 private:
  explicit LateInteraction(std::shared_ptr<const LateInteractionParts> parts)
      : parts_(std::move(parts)) {}
  std::shared_ptr<const LateInteractionParts> parts_;
};

}  // namespace tamis
