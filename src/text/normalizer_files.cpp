// text/normalizer_files.cpp
#include "text/normalizer_files.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "text/base64.hpp"

namespace tamis {
namespace {

using nlohmann::json;

void read_replace(NormalizerParts& parts, const json& step, const std::string& source) {
  const json& pattern = json_part(step, "pattern", source);
  const auto content = json_or<std::string>(step, "content", "", source);
  if (const auto regex = json_or<std::string>(pattern, "Regex", "", source); !regex.empty()) {
    using Kind = NormalizerStep::Kind;
    constexpr auto kWhiteSpace = R"(\s{2,}|[\n\r\t])";
    if (regex != " {2,}" && regex != kWhiteSpace) {
      raise<TokenizerError>(
          "{}: the normalizer replaces by the regular expression '{}', which is not "
          "supported; ' {{2,}}' and '{}' are",
          source, regex, kWhiteSpace);
    }
    const Kind kind = regex == kWhiteSpace ? Kind::collapse_white_space : Kind::collapse_spaces;
    parts.steps.push_back({kind, "", content});
    return;
  }
  auto text = json_or<std::string>(pattern, "String", "", source);
  if (text.empty()) raise<TokenizerError>("{}: the normalizer replaces an empty pattern", source);
  parts.steps.push_back({NormalizerStep::Kind::replace, std::move(text), content});
}

std::optional<NormalizerStep::Kind> unicode_form(std::string_view type) {
  using Kind = NormalizerStep::Kind;
  if (type == "NFC") return Kind::compose_canonical;
  if (type == "NFD") return Kind::decompose_canonical;
  if (type == "NFKC") return Kind::compose;
  if (type == "NFKD") return Kind::decompose;
  return std::nullopt;
}

void read_step(NormalizerParts& parts, const json& step, const std::string& source) {
  using Kind = NormalizerStep::Kind;
  const auto type = json_or<std::string>(step, "type", "", source);
  if (type == "Sequence") {
    for (const json& part : json_part(step, "normalizers", source)) {
      read_step(parts, part, source);
    }
  } else if (type == "Precompiled") {
    if (!parts.charsmap.empty()) {
      raise<TokenizerError>("{}: the normalizer has two precompiled maps; one is supported",
                            source);
    }
    const auto text = json_or<std::string>(step, "precompiled_charsmap", "", source);
    const auto bytes = decode_base64(text);
    if (!bytes) raise<TokenizerError>("{}: precompiled_charsmap is no base64", source);
    parts.charsmap = *bytes;
    parts.steps.push_back({Kind::charsmap, "", ""});
  } else if (type == "Replace") {
    read_replace(parts, step, source);
  } else if (const auto form = unicode_form(type)) {
    parts.steps.push_back({*form, "", ""});
  } else if (type == "StripAccents") {
    parts.steps.push_back({Kind::strip_accents, "", ""});
  } else if (type == "Lowercase") {
    parts.steps.push_back({Kind::lowercase, "", ""});
  } else if (type == "Strip") {
    if (json_or(step, "strip_left", false, source))
      parts.steps.push_back({Kind::trim_left, "", ""});
    if (json_or(step, "strip_right", false, source))
      parts.steps.push_back({Kind::trim_right, "", ""});
  } else {
    raise<TokenizerError>("{}: the normalizer's step '{}' is not supported", source, type);
  }
}

}  // namespace

NormalizerParts read_normalizer(const TokenizerFiles& files) {
  NormalizerParts parts;
  const auto found = files.tokenizer.find("normalizer");
  if (found != files.tokenizer.end() && found->is_object()) {
    read_step(parts, *found, files.name("tokenizer.json"));
  }
  return parts;
}

}  // namespace tamis
