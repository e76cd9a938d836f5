// text/frame_files.cpp
#include "text/frame_files.hpp"

#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "text/pair_template_of.hpp"
#include "text/tokenizer_class.hpp"

namespace tamis {
namespace {

PairTemplate default_pair(FrameDefaults::Pair kind, std::optional<TokenId> begin,
                          std::optional<TokenId> end, std::optional<TokenId> language) {
  using Pair = FrameDefaults::Pair;
  if (end && language && kind == Pair::mbart) return {.suffix = {{*end, 0}, {*language, 0}}};
  if (end && kind == Pair::t5) return {.infix = {{*end, 0}}, .suffix = {{*end, 0}}};
  if (!begin || !end || (kind != Pair::bert && kind != Pair::roberta)) return {};
  return kind == Pair::bert ? bert_pair(*begin, *end) : roberta_pair(*begin, *end);
}

void refuse_null(const TokenizerFiles& files, const char* key, const std::string& fallback) {
  const auto found = files.config.find(key);
  if (found == files.config.end() || !found->is_null()) return;
  raise<TokenizerError>("{}: {} is null, and every text is read with one; write '{}' there",
                        files.name("tokenizer_config.json"), key, fallback);
}

}  // namespace

void finish_frame(TextFrame& frame, const TokenizerFiles& files,
                  const std::vector<std::string>& vocab, const FrameDefaults& defaults) {
  std::unordered_map<std::string_view, TokenId> ids;
  for (std::size_t id = 0; id < vocab.size(); ++id) ids[vocab[id]] = static_cast<TokenId>(id);
  const FindId find = [&](std::string_view token) -> std::optional<TokenId> {
    const auto found = ids.find(token);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
  };
  const bool of_class = files.tokenizer.empty() || defaults.of_class;
  std::vector<AddedToken> special;
  const auto named = [&](const char* key, const std::string& fallback, bool strip_left = false) {
    AddedToken token =
        special_added_token(files, key, {.content = fallback, .strip_left = strip_left});
    const auto id = find(token.content);
    if (of_class || files.config.contains(key)) special.push_back(std::move(token));
    return id;
  };
  // In the order in which transformers numbers those that the vocabulary has not.
  const auto bos = named("bos_token", defaults.begin);
  const auto eos = named("eos_token", defaults.end);
  named("unk_token", defaults.unknown);
  const bool is_t5 = defaults.pair == FrameDefaults::Pair::t5;
  const auto sep = named("sep_token", is_t5 ? "" : defaults.end);
  const auto pad = named("pad_token", defaults.pad);
  const auto cls = named("cls_token", defaults.begin);
  named("mask_token", defaults.mask, defaults.strip_before_mask);
  if (of_class) {
    for (const std::string& token : defaults.special) special.push_back({.content = token});
  }
  const std::string name = tokenizer_class(files);
  const bool by_bos = is_t5 || defaults.pair == FrameDefaults::Pair::mbart ||
                      name == "XLMRobertaTokenizer" || name == "CamembertTokenizer";
  if (of_class && defaults.pair != FrameDefaults::Pair::bare) {
    refuse_null(files, by_bos ? "eos_token" : "sep_token", defaults.end);
    if (!defaults.begin.empty()) {
      refuse_null(files, by_bos ? "bos_token" : "cls_token", defaults.begin);
    }
  }
  const auto begin = by_bos ? bos : cls;
  const auto end = by_bos ? eos : sep;
  frame.vocab_size = vocab.size();
  frame.set_added(read_added_tokens(files, special, find, vocab.size()));
  frame.pair =
      pair_template_of(files, default_pair(defaults.pair, begin, end, find(defaults.language)),
                       begin.value_or(0), end.value_or(0));
  if (frame.pair.special_tokens() == 0 && defaults.pair != FrameDefaults::Pair::bare) {
    raise<TokenizerError>("{}: the vocabulary has no tokens to put around a query and a document",
                          files.folder.string());
  }
  frame.pad_id = pad.value_or(0);
  frame.max_length = model_max_length(files);
}

}  // namespace tamis
