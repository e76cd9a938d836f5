// tamis/store/postgres.hpp: PostgreSQL's full text search, and vectors by pgvector.
//
//   auto docs = tamis::stores::postgres({.url = "postgresql://app@db/papers", .table = "docs"});
#pragma once

#include <string>

#include <tamis/store/store.hpp>

namespace tamis {

/// pgvector's; an index serves the one that it was made for.
enum class VectorDistance {
  cosine,  ///< <=>, the score is 1 - distance
  dot,     ///< <#>, the score is the inner product
  l2,      ///< <->, the score is -distance
};

/// PostgreSQL's ranking functions. On SciFact, with any word enough, ts_rank is the better one.
enum class TextRank { ts_rank, ts_rank_cd };

struct PostgresOptions {
  /// Of libpq: a URL or "host=... dbname=..."; what it leaves out are PGHOST, PGPASSWORD and so on,
  /// or their defaults. It is in no message.
  std::string url = {};
  std::string schema = {};  ///< empty: the first of the search path that has the table
  std::string table;
  std::string id = "id";
  std::string text = "text";
  std::string tsvector =
      {};  ///< a column; empty: to_tsvector(language, text), which needs an index
  std::string language = "english";  ///< a text search configuration
  /// True: the query is websearch_to_tsquery's, with "phrases", or and -; words must all be there.
  bool operators = false;
  TextRank rank = TextRank::ts_rank;
  int normalization = 1;    ///< of the rank, PostgreSQL's bits; 1: by the logarithm of the length
  std::string vector = {};  ///< a column of pgvector; needs `search.embed`
  VectorDistance distance = VectorDistance::cosine;
  SearchOptions search = {};
  ConnectionOptions connection = {};
};

namespace stores {

/// Passages with any word of the query, by their rank; vectors by their distance. Nothing is
/// connected before the first search. Who gives up closes the connection, and the server stops
/// (from PostgreSQL 14) within a tenth of a second. Throws InvalidArgument for options that cannot
/// be used, Error where this library was built without libpq.
[[nodiscard]] Store postgres(PostgresOptions options);

}  // namespace stores
}  // namespace tamis
