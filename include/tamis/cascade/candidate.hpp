// tamis/cascade/candidate.hpp: what goes through a cascade.
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/text/tokens.hpp>

namespace tamis {

/// What one of the searches behind a first stage gave: "bm25", 12.3.
struct SourceScore {
  std::string source;
  float score = 0;
};

struct Candidate {
  std::string id;
  std::string text;
  std::optional<float> score;  ///< of whoever found it
  /// Who ranked it already, where the caller's data says so ("cohere", LangChain's
  /// `relevance_score`): ranking it again by a costly stage is warned of.
  std::string reranked_by;
  /// The caller's own: stages are shown it, and the result has it.
  std::shared_ptr<const void> document = {};
  /// Before they were fused into `score`; later stages may blend with them.
  std::vector<SourceScore> sources = {};
};

/// What a source gave, where that is a number.
[[nodiscard]] inline std::optional<float> source_score(const Candidate& candidate,
                                                       std::string_view source) {
  for (const auto& [name, score] : candidate.sources) {
    if (name == source && std::isfinite(score)) return score;
  }
  return std::nullopt;
}

/// Stands for a stage where a score came in with the caller's candidates; its name is "input".
inline constexpr std::size_t kInputStage = static_cast<std::size_t>(-1);

struct StageScore {
  std::size_t stage = 0;  ///< index into the cascade's stages, or kInputStage
  float score = 0;        ///< that stage's own; scales of different stages are not comparable
  /// Where the stage scored windows of the text: bytes of the one that won.
  std::optional<Span> span = {};
};

/// A candidate of the result, with the score of every stage that saw it, earliest first.
struct CascadeHit {
  Candidate candidate;
  std::vector<StageScore> scores;
};

}  // namespace tamis
