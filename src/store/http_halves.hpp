// store/http_halves.hpp: both halves of a search as requests, side by side.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <tamis/remote/http.hpp>
#include <tamis/store/store.hpp>

#include "remote/ask_all.hpp"
#include "store/http_answer.hpp"

namespace tamis::store {

/// A database behind HTTP: where it is, and how its requests and answers look.
struct HttpDatabase {
  std::string url;
  std::vector<std::string> headers;
  remote::Terms terms;
  HttpClient client;
  std::function<nlohmann::json(const StoreQuestion&)> text_body;
  std::function<nlohmann::json(const StoreQuestion&)> dense_body;
  ReadRows rows;
};

/// Throws the RemoteError of a half that failed.
[[nodiscard]] StoreAnswer ask(const HttpDatabase& database, const StoreQuestion& question);

/// A name as a part of a URL's path. Throws InvalidArgument, naming `what`, for an empty one.
[[nodiscard]] std::string path_part(std::string_view name, std::string_view what);

}  // namespace tamis::store
