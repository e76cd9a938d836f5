// text/charsmap.hpp: sentencepiece's precompiled normalisation (a trie of replaced strings).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalized_text.hpp"

namespace tamis {

/// Normalises as Hugging Face `tokenizers` does, which differs from sentencepiece itself: a user's
/// character (grapheme cluster) of under six bytes is replaced as a whole by what stands for its
/// shortest beginning in the map; a longer one character by character.
class Charsmap {
 public:
  /// Maps nothing.
  Charsmap() = default;

  /// The blob of a model's normalizer_spec. Throws TokenizerError when its sizes are wrong, or
  /// what it replaces by is no UTF-8.
  explicit Charsmap(std::string_view blob);

  [[nodiscard]] bool empty() const noexcept { return units_.empty(); }

  /// `text` is valid UTF-8.
  template <bool kSpans>
  [[nodiscard]] NormalizedText normalize(const NormalizedText& text) const;

 private:
  [[nodiscard]] std::optional<std::string_view> find(std::string_view key) const noexcept;

  std::vector<std::uint32_t> units_;
  std::string strings_;            // each ends with NUL
  std::array<bool, 128> ascii_{};  // which ASCII characters are mapped
};

}  // namespace tamis
