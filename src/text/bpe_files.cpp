// text/bpe_files.cpp
#include "text/bpe_files.hpp"

#include <algorithm>
#include <cstddef>

namespace tamis {
namespace {

using nlohmann::json;
using Merge = std::pair<std::string, std::string>;

// Holes in a vocabulary's ids are bounded by this, so that a broken file cannot ask for all memory.
constexpr std::size_t kLargestVocab = std::size_t{1} << 24U;

Merge parse_merge(std::string_view text, const std::string& source) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
    raise<TokenizerError>("{}: the merge '{}' is no pair of pieces", source, text.substr(0, 60));
  }
  return {std::string(text.substr(0, space)), std::string(text.substr(space + 1))};
}

Merge read_merge(const json& merge, const std::string& source) {
  if (merge.is_string()) return parse_merge(merge.get<std::string>(), source);
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  }
  raise<TokenizerError>("{}: a merge is no pair of pieces", source);
}

}  // namespace

std::vector<std::string> read_id_map(const json& map, std::string_view source) {
  std::vector<std::string> pieces(map.size());
  for (const auto& [piece, id] : map.items()) {
    if (!id.is_number_unsigned() || id.get<std::size_t>() >= kLargestVocab) {
      raise<TokenizerError>("{}: the id of '{}' is {}", source, piece, id.dump());
    }
    const auto index = id.get<std::size_t>();
    if (index >= pieces.size()) pieces.resize(index + 1);
    pieces[index] = piece;
  }
  return pieces;
}

BpeOptions read_bpe_options(const json& model, const std::string& source) {
  if (!json_or<std::string>(model, "continuing_subword_prefix", "", source).empty() ||
      !json_or<std::string>(model, "end_of_word_suffix", "", source).empty() ||
      json_or(model, "dropout", 0.0, source) != 0.0) {
    raise<TokenizerError>(
        "{}: BPE with continuing_subword_prefix, end_of_word_suffix or dropout is not supported",
        source);
  }
  const json& map = json_part(model, "vocab", source);
  BpeOptions options{.vocab = read_id_map(map, source),
                     .fuse_unknown = json_or(model, "fuse_unk", false, source),
                     .byte_fallback = json_or(model, "byte_fallback", false, source),
                     .ignore_merges = json_or(model, "ignore_merges", false, source)};
  if (const auto unknown = json_or<std::string>(model, "unk_token", "", source); !unknown.empty()) {
    const auto found = map.find(unknown);
    if (found == map.end()) {
      raise<TokenizerError>("{}: the vocabulary has no '{}' (unk_token)", source, unknown);
    }
    options.unknown = found->get<TokenId>();
  }
  for (const json& merge : json_part(model, "merges", source)) {
    options.merges.push_back(read_merge(merge, source));
  }
  return options;
}

std::vector<Merge> read_merges_file(std::string_view text, const std::string& source) {
  std::vector<Merge> merges;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("#version") && !line.empty()) {
      merges.push_back(parse_merge(line, source));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return merges;
}

}  // namespace tamis
