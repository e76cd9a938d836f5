// store/store.cpp: a query to both halves of a database, and one ranking of what they find.
#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <utility>

#include <tamis/rank/fusion.hpp>
#include <tamis/store/store.hpp>

#include "store/plain_text.hpp"

namespace tamis {
namespace {

constexpr std::size_t kShallowest = 100;  // of each half, that is fused: the best may be the 50th

bool is_fused(StoreFusion fusion) {
  return fusion == StoreFusion::rrf || fusion == StoreFusion::unite;
}

std::vector<StoreHit> alone(std::vector<StoreRow> rows, const char* name) {
  std::vector<StoreHit> hits;
  hits.reserve(rows.size());
  for (StoreRow& row : rows) {
    hits.push_back({std::move(row.id), std::move(row.text), row.score, {{name, row.score}}});
  }
  return hits;
}

/// Hits of both halves, those of the first one first; each half as a ranking of them.
class Both {
 public:
  Ranking add(std::vector<StoreRow> rows, const char* name) {
    Ranking ranking;
    for (StoreRow& row : rows) {
      const auto [place, fresh] = places_.try_emplace(row.id, hits.size());
      if (fresh) hits.push_back({std::move(row.id), std::move(row.text), 0, {}});
      const std::size_t index = place->second;
      if (hits[index].scores.try_emplace(name, row.score).second) {
        ranking.push_back({index, row.score});
      }
    }
    return ranking;
  }

  std::vector<StoreHit> hits;

 private:
  std::unordered_map<std::string, std::size_t> places_;
};

std::vector<StoreHit> fused(StoreAnswer answer, StoreFusion fusion) {
  Both both;
  const std::array rankings{both.add(std::move(answer.text), "text"),
                            both.add(std::move(answer.dense), "dense")};
  const Ranking order =
      fusion == StoreFusion::rrf ? reciprocal_rank_fusion(rankings) : rank_union(rankings);
  std::vector<StoreHit> hits;
  hits.reserve(order.size());
  for (const Hit& hit : order) {
    hits.push_back(std::move(both.hits[hit.index]));
    hits.back().score = hit.score;
  }
  return hits;
}

/// The order of what is not finite is anybody's.
void require_finite(const std::vector<StoreRow>& rows, const std::string& name) {
  for (const StoreRow& row : rows) {
    if (std::isfinite(row.score)) continue;
    raise<RetrievalError>(
        "{}: the score of '{}' is not finite: mend its vector, which may be all zeros", name,
        store::plain_text(row.id));
  }
}

/// A query is read in one piece, however long it is.
void require_time_for(std::string_view query, const Deadline& deadline) {
  constexpr Clock::Duration kLongestOfAByte(20);
  if (deadline.remaining() > kLongestOfAByte * static_cast<Clock::Duration::rep>(query.size())) {
    return;
  }
  throw RetrievalError("the deadline came before the search began");
}

std::vector<StoreHit> ranked(StoreAnswer answer, StoreFusion fusion) {
  if (fusion == StoreFusion::text) return alone(std::move(answer.text), "text");
  if (fusion == StoreFusion::dense) return alone(std::move(answer.dense), "dense");
  return fused(std::move(answer), fusion);
}

}  // namespace

Store::Store(std::string name, SearchOptions options, Ask ask)
    : name_(std::move(name)), options_(std::move(options)), ask_(std::move(ask)) {
  if (options_.embed) return;
  if (options_.fusion == StoreFusion::dense || options_.fusion == StoreFusion::unite) {
    raise<InvalidArgument>("{}: this fusion needs vectors: hand in embed", name_);
  }
  options_.fusion = StoreFusion::text;
}

std::vector<float> Store::embedded(std::string_view query) const {
  if (options_.fusion == StoreFusion::text) return {};
  std::vector<float> vector = options_.embed(query);
  const auto finite = [](float value) { return std::isfinite(value); };
  if (vector.empty() || !std::all_of(vector.begin(), vector.end(), finite)) {
    raise<RetrievalError>("{}: embed gave a vector that is empty or not finite", name_);
  }
  return vector;
}

std::vector<StoreHit> Store::search(std::string_view query, std::size_t count,
                                    const Deadline& deadline, const CancelToken& cancel) const {
  if (count == 0) raise<InvalidArgument>("count must be at least 1, got 0");
  if (cancel.cancelled()) throw Cancelled("the search was cancelled");
  require_time_for(query, deadline);
  const std::string plain = store::plain_text(query);
  if (store::is_blank(plain)) return {};
  const std::vector<float> vector = embedded(plain);
  const bool words = options_.fusion != StoreFusion::dense;
  const std::size_t depth = is_fused(options_.fusion) ? std::max(count, kShallowest) : count;
  StoreAnswer answer =
      ask_({words ? std::string_view(plain) : std::string_view(), vector, depth, deadline, cancel});
  require_finite(answer.text, name_);
  require_finite(answer.dense, name_);
  std::vector<StoreHit> hits = ranked(std::move(answer), options_.fusion);
  if (hits.size() > count) hits.resize(count);
  for (StoreHit& hit : hits) {
    hit.id = store::plain_text(hit.id);
    hit.text = store::plain_text(hit.text);
  }
  return hits;
}

std::vector<std::string> Store::sources() const {
  if (options_.fusion == StoreFusion::text) return {"text"};
  if (options_.fusion == StoreFusion::dense) return {"dense"};
  return {"text", "dense"};
}

Candidate candidate_of(StoreHit hit) {
  Candidate candidate{
      .id = std::move(hit.id), .text = std::move(hit.text), .score = hit.score, .reranked_by = {}};
  for (const auto& [half, score] : hit.scores) candidate.sources.push_back({half, score});
  return candidate;
}

AnyStage stages::retrieve(const Store& store, std::size_t count, std::string name) {
  StageTraits traits{
      .name = std::move(name), .kind = StageKind::retrieve, .sources = store.sources()};
  return {std::move(traits), [store, count](const StageCall& call) -> StageResult {
            Retrieved found;
            for (StoreHit& hit : store.search(call.query, count, call.deadline, call.cancel)) {
              found.candidates.push_back(candidate_of(std::move(hit)));
            }
            return found;
          }};
}

}  // namespace tamis
