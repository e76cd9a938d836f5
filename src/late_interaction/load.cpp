// late_interaction/load.cpp: a folder -> encoder, tokenizer, prefixes and what names the model.
#include <algorithm>
#include <string>

#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>
#include <tamis/text/load_tokenizer.hpp>

#include "late_interaction/fingerprint.hpp"
#include "late_interaction/parts.hpp"
#include "late_interaction/pooling.hpp"
#include "late_interaction/text_sequence.hpp"
#include "model/json_field.hpp"
#include "model/saved_settings.hpp"

namespace tamis {
namespace {

namespace fs = std::filesystem;

bool is_interaction(const ModelSpec& spec) {
  return spec.encoder && spec.encoder->family == EncoderFamily::interaction;
}

void refuse_cross_encoder(const ModelSpec& spec) {
  const std::string source = spec.folder.string();
  const auto config = parse_json_object(spec.config_json, source);
  const auto names =
      field_or<std::vector<std::string>>(config, "architectures", {}, spec.folder.string());
  if (names.empty() || !names.front().ends_with("ForSequenceClassification")) return;
  raise<ModelError>(
      "{} is a cross-encoder ({}), whose token states mean nothing without the other text; load it "
      "as CrossEncoder, or give an encoder that was trained to embed texts",
      source, names.front());
}

/// The prefix that sentence-transformers saved under one of these names; often empty.
std::string saved_prefix(const fs::path& folder, const std::vector<std::string>& names) {
  const fs::path path = folder / "config_sentence_transformers.json";
  if (!fs::exists(path)) return {};
  const SavedPrompts saved =
      read_prompts(read_json_file(path), "default_prompt_name", path.string());
  for (const std::string& name : names) {
    const auto found = saved.texts.find(name);
    if (found != saved.texts.end()) return found->second;
  }
  return {};
}

std::size_t length_limit(const ModelSpec& spec, const AnyTokenizer& tokenizer,
                         const std::optional<std::size_t>& asked) {
  const std::size_t special = special_tokens(tokenizer.pair_template());
  if (special == 0) {
    raise<ModelError>(
        "{}: its tokenizer puts no special token around a text, so that an empty one "
        "would have no vector",
        spec.folder.string());
  }
  const std::size_t limit = std::min(spec.max_length, tokenizer.max_length());
  if (asked && *asked <= special) {
    raise<InvalidArgument>("max_length is {}, but the model puts {} special tokens around a text",
                           *asked, special);
  }
  return std::min(limit, asked.value_or(limit));
}

}  // namespace

LateInteraction LateInteraction::load(const fs::path& path, const LateInteractionOptions& options) {
  const ModelSpec spec = load_model_spec(path, options.verify_hashes);
  if (!is_interaction(spec)) refuse_cross_encoder(spec);
  const auto head = is_interaction(spec) ? engine::Head::required : engine::Head::left_out;
  engine::LoadedEncoder loaded =
      engine::load_shared_encoder(spec, {.precision = options.precision, .isa = {}}, head);
  AnyTokenizer tokenizer = load_tokenizer(spec.tokenizer_folder);
  const engine::EncoderWeights& weights = loaded.encoder->weights();
  const std::size_t limit = length_limit(spec, tokenizer, options.max_length);
  const std::string passage_prefix =
      options.passage_prefix ? *options.passage_prefix
                             : saved_prefix(spec.folder, {"passage", "document", "corpus"});
  const Mix mix = is_interaction(spec) ? Mix{weights.head.maxsim_mix, weights.head.cosine_mix}
                                       : Mix{options.maxsim_weight, options.cosine_weight};
  auto cache = std::make_unique<PassageCache>(options.cache_bytes, weights.config.hidden_size);
  return LateInteraction(std::make_shared<const LateInteractionParts>(LateInteractionParts{
      spec.folder, std::move(tokenizer), std::move(loaded), limit,
      options.query_prefix ? *options.query_prefix : saved_prefix(spec.folder, {"query"}),
      passage_prefix, mix, saved_pooling(spec.folder),
      tamis::fingerprint(spec, open_weights(spec), passage_prefix), std::move(cache)}));
}

}  // namespace tamis
