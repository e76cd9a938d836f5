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

}  // namespace

void finish_frame(TextFrame& frame, const TokenizerFiles& files,
                  const std::vector<std::string>& vocab, const FrameDefaults& defaults) {
  std::unordered_map<std::string_view, TokenId> ids;
  for (std::size_t id = 0; id < vocab.size(); ++id) ids[vocab[id]] = static_cast<TokenId>(id);
  const FindId find = [&](std::string_view token) -> std::optional<TokenId> {
    const auto found = ids.find(token);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
  };
  std::vector<AddedToken> special;
  const auto named = [&](const char* key, const std::string& fallback, bool strip_left = false) {
    special.push_back(
        special_added_token(files, key, {.content = fallback, .strip_left = strip_left}));
    return find(special.back().content);
  };
  // In the order in which transformers numbers those that the vocabulary has not.
  const auto bos = named("bos_token", defaults.begin);
  const auto eos = named("eos_token", defaults.end);
  named("unk_token", defaults.unknown);
  const auto sep = named("sep_token", defaults.end);
  const auto pad = named("pad_token", defaults.pad);
  const auto cls = named("cls_token", defaults.begin);
  named("mask_token", defaults.mask, defaults.strip_before_mask);
  for (const std::string& token : defaults.special) special.push_back({.content = token});
  // A tokenizer.json states all its added tokens itself.
  if (!files.tokenizer.empty()) special.clear();
  const std::string name = tokenizer_class(files);
  const bool by_bos = name == "XLMRobertaTokenizer" || name == "CamembertTokenizer";
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
