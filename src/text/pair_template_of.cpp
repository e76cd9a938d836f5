// text/pair_template_of.cpp
#include "text/pair_template_of.hpp"

#include <utility>

#include "text/tokenizer_class.hpp"

namespace tamis {
namespace {

using nlohmann::json;

TokenId special_id(const json& processor, const std::string& name, std::string_view source) {
  const json& entry =
      json_part(json_part(processor, "special_tokens", source), name.c_str(), source);
  const json& ids = json_part(entry, "ids", source);
  const bool single = ids.is_array() && ids.size() == 1;
  const auto id = single ? json_as<TokenId>(ids[0]) : std::nullopt;
  if (!id) raise<TokenizerError>("{}: the template's token '{}' has no single id", source, name);
  return *id;
}

PairTemplate read_template(const json& processor, std::string_view source) {
  PairTemplate pair;
  int sequences = 0;
  for (const json& item : json_part(processor, "pair", source)) {
    if (const auto special = item.find("SpecialToken"); special != item.end()) {
      const TemplateToken token{
          special_id(processor, json_or<std::string>(*special, "id", "", source), source),
          json_or<std::uint8_t>(*special, "type_id", 0, source)};
      (sequences == 0 ? pair.prefix : sequences == 1 ? pair.infix : pair.suffix).push_back(token);
      continue;
    }
    const json& sequence = json_part(item, "Sequence", source);
    const auto type = json_or<std::uint8_t>(sequence, "type_id", 0, source);
    if (json_or<std::string>(sequence, "id", "", source) != (sequences == 0 ? "A" : "B")) {
      raise<TokenizerError>("{}: the pair template does not have A before B, once each", source);
    }
    (sequences++ == 0 ? pair.query_type : pair.document_type) = type;
  }
  if (sequences != 2) {
    raise<TokenizerError>("{}: the pair template does not have A before B, once each", source);
  }
  return pair;
}

// ["</s>", 2]
TokenId named_id(const json& processor, const char* name, std::string_view source) {
  const json& entry = json_part(processor, name, source);
  const bool pair = entry.is_array() && entry.size() == 2;
  const auto id = pair ? json_as<TokenId>(entry[1]) : std::nullopt;
  if (!id) raise<TokenizerError>("{}: post_processor's '{}' is no token and id", source, name);
  return *id;
}

PairTemplate read_processor(const json& processor, PairTemplate otherwise,
                            std::string_view source) {
  const auto type = json_or<std::string>(processor, "type", "", source);
  if (type == "TemplateProcessing") return read_template(processor, source);
  if (type == "BertProcessing") {
    return bert_pair(named_id(processor, "cls", source), named_id(processor, "sep", source));
  }
  if (type == "RobertaProcessing") {
    return roberta_pair(named_id(processor, "cls", source), named_id(processor, "sep", source));
  }
  if (type == "Sequence") {
    for (const json& part : json_part(processor, "processors", source)) {
      otherwise = read_processor(part, std::move(otherwise), source);
    }
  }
  return otherwise;
}

// The config's word counts before the one that tokenizer.json was saved with.
bool cuts_begin(const TokenizerFiles& files) {
  const std::string config = files.name("tokenizer_config.json");
  auto side = json_or<std::string>(files.config, "truncation_side", "", config);
  const auto saved = files.tokenizer.find("truncation");
  if (side.empty() && saved != files.tokenizer.end() && saved->is_object()) {
    side = json_or<std::string>(*saved, "direction", "", files.name("tokenizer.json"));
  }
  if (side == "left" || side == "Left") return true;
  if (side.empty() || side == "right" || side == "Right") return false;
  raise<TokenizerError>("{}: truncation_side is '{}'; it can be 'right' or 'left'", config, side);
}

/// A model that is handed no type ids takes them for zeros.
PairTemplate as_named(PairTemplate pair, const TokenizerFiles& files) {
  if (names_type_ids(files)) return pair;
  for (auto* const tokens : {&pair.prefix, &pair.infix, &pair.suffix}) {
    for (TemplateToken& token : *tokens) token.type = 0;
  }
  pair.query_type = pair.document_type = 0;
  return pair;
}

PairTemplate template_of_file(const TokenizerFiles& files, PairTemplate otherwise) {
  const auto processor = files.tokenizer.find("post_processor");
  if (processor != files.tokenizer.end() && processor->is_object()) {
    return read_processor(*processor, std::move(otherwise), files.name("tokenizer.json"));
  }
  // A general class puts nothing around texts where its file says nothing.
  const bool follows_file = !files.tokenizer.empty() && !is_built_by_class(files);
  return follows_file ? PairTemplate{} : otherwise;
}

PairTemplate tokens_around(const TokenizerFiles& files, PairTemplate otherwise, TokenId cls,
                           TokenId sep) {
  const std::string config = files.name("config.json");
  const auto name = json_or<std::string>(files.model_config, "pair_template", "", config);
  if (name == "cls_sep_cls_sep") {
    return {.prefix = {{cls, 0}},
            .infix = {{sep, 0}, {cls, 1}},
            .suffix = {{sep, 1}},
            .document_type = 1};
  }
  if (!name.empty()) {
    raise<TokenizerError>("{}: pair_template '{}' is not known; it can be 'cls_sep_cls_sep'",
                          config, name);
  }
  if (otherwise.special_tokens() == 0 || !has_template_of_class(files)) {
    otherwise = template_of_file(files, std::move(otherwise));
  }
  return as_named(std::move(otherwise), files);
}

}  // namespace

PairTemplate bert_pair(TokenId cls, TokenId sep) {
  return {.prefix = {{cls, 0}}, .infix = {{sep, 0}}, .suffix = {{sep, 1}}, .document_type = 1};
}

PairTemplate roberta_pair(TokenId begin, TokenId end) {
  return {.prefix = {{begin, 0}}, .infix = {{end, 0}, {end, 0}}, .suffix = {{end, 0}}};
}

PairTemplate pair_template_of(const TokenizerFiles& files, PairTemplate otherwise, TokenId cls,
                              TokenId sep) {
  PairTemplate pair = tokens_around(files, std::move(otherwise), cls, sep);
  pair.cut_begin = cuts_begin(files);
  return pair;
}

}  // namespace tamis
