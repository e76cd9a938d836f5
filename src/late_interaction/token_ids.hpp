// late_interaction/token_ids.hpp: ids of tokens by their text, as a tokenizer's files say.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>

#include <tamis/text/tokens.hpp>

namespace tamis {

class TokenIds {
 public:
  /// Of tokenizer.json, or of vocab.txt. Throws ModelError.
  explicit TokenIds(const std::filesystem::path& folder);

  [[nodiscard]] std::optional<TokenId> find(const std::string& token) const;

  /// Of the token that has this role ("mask_token"), and the usual text when none is named.
  [[nodiscard]] std::optional<TokenId> role(const std::string& name,
                                            const std::string& usual) const;

 private:
  std::filesystem::path folder_;
  std::unordered_map<std::string, TokenId> ids_;
};

}  // namespace tamis
