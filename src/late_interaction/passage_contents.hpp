// late_interaction/passage_contents.hpp: what a Passages holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tamis/late_interaction.hpp>

namespace tamis {

/// Rows as token_rows.hpp describes them; they keep what they lie in: memory or a mapped file.
struct EncodedPassage {
  std::shared_ptr<const std::byte> rows;
  std::uint32_t count = 0;  ///< of rows: 1 + tokens that are compared
  std::uint32_t tokens_cut = 0;
};

struct Passages::Contents {
  std::string model;  ///< fingerprint of the one that encoded them
  std::size_t width = 0;
  std::vector<EncodedPassage> passages;
};

/// A file that `Passages::save` wrote. Throws ModelError.
[[nodiscard]] Passages open_passage_file(const std::filesystem::path& path, bool verify);

}  // namespace tamis
