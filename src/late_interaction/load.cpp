// late_interaction/load.cpp: a folder -> encoder, tokenizer, prefixes and what names the model.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>
#include <tamis/text/load_tokenizer.hpp>

#include "late_interaction/fingerprint.hpp"
#include "late_interaction/parts.hpp"
#include "late_interaction/pooling.hpp"
#include "late_interaction/read_texts.hpp"
#include "late_interaction/text_sequence.hpp"
#include "model/json_field.hpp"
#include "model/saved_settings.hpp"

namespace tamis {
namespace {

namespace fs = std::filesystem;

// Of the queries that were used last: some hundred of them. A cascade compares a query with its
// candidates a few at a time.
constexpr std::size_t kQueryBytes = std::size_t{8} << 20U;

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

/// As sentence-transformers saved them, or the bundle's.
std::map<std::string, std::string> saved_prompts(const ModelSpec& spec) {
  if (spec.is_bundle) return spec.prompts;
  const fs::path path = spec.folder / "config_sentence_transformers.json";
  if (!is_there<ModelError>(path)) return {};
  return read_prompts(read_json_file(path), "default_prompt_name", path.string()).texts;
}

/// The prefix that was saved under one of these names; often empty.
std::string saved_prefix(const ModelSpec& spec, const std::vector<std::string>& names) {
  const auto saved = saved_prompts(spec);
  for (const std::string& name : names) {
    const auto found = saved.find(name);
    if (found != saved.end()) return found->second;
  }
  return {};
}

std::string prefix_of(const ModelSpec& spec, Side side, const std::optional<std::string>& asked) {
  const bool query = side == Side::query;
  if (asked) return *asked;
  if (is_interaction(spec)) {
    return query ? spec.encoder->query_prefix : spec.encoder->document_prefix;
  }
  if (query) return saved_prefix(spec, {"query"});
  return saved_prefix(spec, {"passage", "document", "corpus"});
}

std::size_t limit_of(const ModelSpec& spec, const AnyTokenizer& tokenizer,
                     const std::optional<Colbert>& colbert,
                     const std::optional<std::size_t>& asked) {
  const bool marked = colbert && colbert->document.marker;
  const std::size_t around = special_tokens(tokenizer.pair_template());
  const std::size_t special = around + (marked ? 1 : 0);
  if (around == 0) {
    raise<ModelError>(
        "{}: its tokenizer puts no special token around a text, so that an empty one "
        "would have no vector",
        spec.folder.string());
  }
  const std::size_t limit = std::min(spec.max_length, tokenizer.max_length());
  if (limit <= special) {
    raise<ModelError>(
        "{}: its max_length or model_max_length is {}, but the model puts {} special tokens around "
        "a text; correct it",
        spec.folder.string(), limit, special);
  }
  if (asked && *asked <= special) {
    raise<InvalidArgument>("max_length is {}, but the model puts {} special tokens around a text",
                           *asked, special);
  }
  if (!colbert) return std::min(limit, asked.value_or(limit));
  for (const ColbertSettings::Side& side : {colbert->query, colbert->document}) {
    const std::size_t own = around + (side.marker ? 1 : 0);
    if (side.length > own) continue;
    raise<ModelError>(
        "{}: a length of {} tokens, of which the model takes {} for the special ones around a text",
        spec.folder.string(), side.length, own);
  }
  return std::min(limit, asked.value_or(colbert->document.length));
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
  std::optional<Colbert> colbert = is_interaction(spec) ? std::nullopt : read_colbert(spec);
  const std::size_t limit = limit_of(spec, tokenizer, colbert, options.max_length);
  const std::string passage_prefix = prefix_of(spec, Side::passage, options.passage_prefix);
  const auto mix = [&]() -> Mix {
    if (is_interaction(spec)) return {weights.head.maxsim_mix, weights.head.cosine_mix};
    if (colbert) return {1, 0};
    return {options.maxsim_weight, options.cosine_weight};
  }();
  std::string name = tamis::fingerprint(spec, open_weights(spec),
                                        passage_prefix + (colbert ? colbert->identity : ""));
  const Pooling pooling = colbert ? Pooling::other : saved_pooling(spec.folder);
  return LateInteraction(std::make_shared<const LateInteractionParts>(LateInteractionParts{
      spec.folder, std::move(tokenizer), std::move(loaded), limit,
      prefix_of(spec, Side::query, options.query_prefix), passage_prefix, mix, pooling,
      std::move(colbert), std::move(name),
      std::make_unique<TextCache<EncodedPassage>>(options.cache_bytes),
      std::make_unique<TextCache<std::shared_ptr<const EncodedQuery>>>(kQueryBytes)}));
}

}  // namespace tamis
