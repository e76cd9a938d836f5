// tamis/store/store.hpp: a database as the first stage of a cascade.
//
//   const tamis::Store docs = tamis::stores::sqlite({.path = "docs.db", .table = "docs"});
//   tamis::Cascade cascade({{tamis::stages::retrieve(docs, 200), {.keep = 200}},
//                           {tamis::stages::rerank(model), {.keep = 25}}});
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/cancel.hpp>
#include <tamis/cascade/clock.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/store/error.hpp>

namespace tamis {

/// query -> the vector that those of the database are compared with.
using Embed = std::function<std::vector<float>(std::string_view query)>;

/// What becomes of the two halves of a search: words, and vectors.
enum class StoreFusion {
  rrf,    ///< reciprocal_rank_fusion of both
  unite,  ///< rank_union of both
  text,   ///< words alone
  dense,  ///< vectors alone
};

/// Of every database.
struct SearchOptions {
  Embed embed = {};                       ///< without one only words are looked for
  StoreFusion fusion = StoreFusion::rrf;  ///< `text` where there is no `embed`
};

/// How a database that needs connections is called.
struct ConnectionOptions {
  std::size_t most = 8;  ///< open at once; other calls wait for one
  double connect_timeout_ms = 5000;
  double timeout_ms = 30'000;  ///< of a search, where the deadline is later or there is none
  /// Called about every 20 ms by the thread that waits; what it throws ends the search. It must not
  /// wait for a thread that forks.
  std::function<void()> on_wait = {};
};

struct StoreRow {
  std::string id;
  std::string text;
  float score = 0;  ///< the database's own, higher is better
};

struct StoreQuestion {
  std::string_view text;          ///< UTF-8 without NUL; empty: words are not asked for
  std::span<const float> vector;  ///< empty: vectors are not asked for
  std::size_t count;              ///< rows of each half
  const Deadline& deadline;
  const CancelToken& cancel;
};

/// Best first, each.
struct StoreAnswer {
  std::vector<StoreRow> text;
  std::vector<StoreRow> dense;
};

struct StoreHit {
  std::string id;
  std::string text;
  float score = 0;                      ///< what the order is by
  std::map<std::string, float> scores;  ///< of the halves that found it: "text", "dense"
};

/// A database that can be searched. Copies share connections; any number of threads may search one.
class Store {
 public:
  using Ask = std::function<StoreAnswer(const StoreQuestion&)>;

  /// `name` is for people: "SQLite, docs of docs.db". Throws InvalidArgument for a fusion that
  /// needs an `embed` and has none.
  Store(std::string name, SearchOptions options, Ask ask);

  /// The best `count`, best first. Any text is a query: bytes that are no UTF-8 count as U+FFFD, a
  /// blank one finds nothing. Throws RetrievalError or RemoteError when the database fails, gives a
  /// score that is not finite, or the deadline comes before its answer, Cancelled, and
  /// InvalidArgument for a count of 0.
  [[nodiscard]] std::vector<StoreHit> search(std::string_view query, std::size_t count,
                                             const Deadline& deadline,
                                             const CancelToken& cancel = {}) const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The halves that are asked, as in StoreHit::scores.
  [[nodiscard]] std::vector<std::string> sources() const;

 private:
  [[nodiscard]] std::vector<float> embedded(std::string_view query) const;

  std::string name_;
  SearchOptions options_;
  Ask ask_;
};

/// The hit's scores are its `sources`.
[[nodiscard]] Candidate candidate_of(StoreHit hit);

namespace stages {

/// The first stage: the best `count` of a database. Later ones may blend with "text" and "dense".
[[nodiscard]] AnyStage retrieve(const Store& store, std::size_t count,
                                std::string name = "retrieve");

}  // namespace stages
}  // namespace tamis
