// cross_encoder/load.cpp: a folder -> its tokenizer, its scorer and the limits of both.
#include <algorithm>
#include <utility>

#include <tamis/cross_encoder.hpp>
#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>
#include <tamis/score/fused_encoder_scorer.hpp>
#include <tamis/text/load_tokenizer.hpp>

#include "cross_encoder/parts.hpp"
#include "model/folder_stamp.hpp"
#include "model/shared_loads.hpp"
#include "score/engine/kernels.hpp"

namespace tamis {
namespace {

/// The tokenizer's template; where the model's texts have prefixes, these follow the token that
/// begins each segment, so that windows of a document have them too.
PairTemplate template_of(const ModelSpec& spec, const AnyTokenizer& tokenizer) {
  PairTemplate around = tokenizer.pair_template();
  const auto add = [&](std::vector<TemplateToken>& to, const std::string& text, std::uint8_t type) {
    if (text.empty()) return;
    for (const TokenId id : tokenizer.tokenize(text).ids) to.push_back({id, type});
  };
  if (spec.encoder) {
    add(around.prefix, spec.encoder->query_prefix, around.query_type);
    add(around.infix, spec.encoder->document_prefix, around.document_type);
  }
  return around;
}

[[noreturn]] void refuse_short(const ModelSpec& spec, std::size_t limit, std::size_t special) {
  const bool by_tokenizer = limit < spec.max_length;
  const auto file = by_tokenizer ? spec.tokenizer_folder / "tokenizer_config.json"
                                 : spec.folder / (spec.is_bundle ? "tamis.json" : "config.json");
  raise<ModelError>(
      "{}: it limits a pair to {} tokens, but the model puts {} special ones around it; correct "
      "its {}",
      file.string(), limit, special,
      by_tokenizer ? "model_max_length" : "max_length or max_position_embeddings");
}

/// The smaller of what the tokenizer states and what the position table holds, so that a wrong
/// model_max_length cannot index out of range.
std::size_t length_limit(const ModelSpec& spec, const AnyTokenizer& tokenizer,
                         const PairTemplate& around, const LoadOptions& options) {
  const std::size_t limit = std::min(spec.max_length, tokenizer.max_length());
  const std::size_t special = around.special_tokens();
  if (limit < special) refuse_short(spec, limit, special);
  if (!options.max_length) return limit;
  if (*options.max_length < special) {
    raise<InvalidArgument>("max_length is {}, but the model puts {} special tokens around a pair",
                           *options.max_length, special);
  }
  return std::min(limit, *options.max_length);
}

/// Of loads that give the same object.
std::string key_of(const std::filesystem::path& path, const LoadOptions& options) {
  const std::string limit = options.max_length ? std::to_string(*options.max_length) : "own";
  // TAMIS_ISA may change between two loads.
  return fmt::format("{} {} {} {}\n{}", engine::kernels().name, options.precision,
                     options.verify_hashes, limit, folder_stamp(path));
}

// One micro-batch goes through all layers on one core: a few hundred tokens stay in its cache.
constexpr PlanOptions kEnginePlan{.max_tokens = 512, .max_pairs = 64, .even = true};
// Others spread each operation over the machine, which pays for larger ones.
constexpr PlanOptions kOtherPlan{.max_tokens = 8192, .max_pairs = 128};

// It can be stopped within a wave.
constexpr double kEngineWave = 1;

}  // namespace

std::shared_ptr<const CrossEncoder::Parts> CrossEncoder::assemble(ModelSpec spec, AnyScorer scorer,
                                                                  const PlanOptions& plan,
                                                                  const LoadOptions& options) {
  AnyTokenizer tokenizer = load_tokenizer(spec.tokenizer_folder);
  PairTemplate around = template_of(spec, tokenizer);
  const std::size_t limit = length_limit(spec, tokenizer, around, options);
  const Activation activation = activation_from_name(spec.activation);
  return std::make_shared<const Parts>(
      Parts{std::move(spec), std::move(tokenizer), std::move(around), std::move(scorer), limit,
            activation, plan, plan.even ? kEngineWave : WaveOptions{}.seconds,
            plan.even ? std::make_unique<Pace>(0) : nullptr});
}

CrossEncoder CrossEncoder::load(const std::filesystem::path& path, const LoadOptions& options) {
  static SharedLoads<Parts> loads;
  return CrossEncoder(loads.get(key_of(path, options), [&] {
    ModelSpec spec = load_model_spec(path, options.verify_hashes);
    AnyScorer scorer = FusedEncoderScorer::load(spec, {.precision = options.precision, .isa = {}});
    return assemble(std::move(spec), std::move(scorer), kEnginePlan, options);
  }));
}

CrossEncoder CrossEncoder::load(const std::filesystem::path& path, AnyScorer scorer,
                                const LoadOptions& options) {
  ModelSpec spec = load_model_spec(path, options.verify_hashes);
  return CrossEncoder(assemble(std::move(spec), std::move(scorer), kOtherPlan, options));
}

}  // namespace tamis
