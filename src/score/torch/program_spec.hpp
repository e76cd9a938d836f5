// score/torch/program_spec.hpp: what the manifest says about running the program (private).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tamis/text/tokens.hpp>

namespace tamis {

enum class Convention {
  packed,  ///< (ids, type_ids, positions, cu_seqlens, max_seqlen)
  padded,  ///< rectangles, named by the manifest's "inputs" and in its order
};

struct ProgramSpec {
  std::filesystem::path program;  ///< the TorchScript file
  Convention convention = Convention::packed;
  std::vector<std::string> inputs;  ///< padded: input_ids, attention_mask, token_type_ids
  std::size_t labels = 1;
  std::size_t max_length = 0;  ///< of a pair; 0 where the model sets no limit
  std::size_t vocab_size = 0;  ///< 0 where unknown
  TokenId pad_id = 0;
};

/// Reads tamis.json of `bundle`. Throws ModelError.
[[nodiscard]] ProgramSpec read_program_spec(const std::filesystem::path& bundle,
                                            bool verify_hashes);

}  // namespace tamis
