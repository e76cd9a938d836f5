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

namespace tamis::store {

/// A database behind HTTP: where it is, and how its requests and answers look.
struct HttpDatabase {
  std::string url;
  std::vector<std::string> headers;
  remote::Terms terms;
  HttpClient client;
  std::function<nlohmann::json(const StoreQuestion&)> text_body;
  std::function<nlohmann::json(const StoreQuestion&)> dense_body;
  /// Throws RemoteError or nlohmann's exceptions for what is no answer.
  std::function<std::vector<StoreRow>(const nlohmann::json&)> rows;
};

/// Throws the RemoteError of a half that failed.
[[nodiscard]] StoreAnswer ask(const HttpDatabase& database, const StoreQuestion& question);

/// A member, or by a path "a.b" the member of a member; null where there is none. As text: numbers
/// and others are written out.
[[nodiscard]] std::string text_at(const nlohmann::json& object, std::string_view path);

/// A name as a part of a URL's path. Throws InvalidArgument, naming `what`, for an empty one.
[[nodiscard]] std::string path_part(std::string_view name, std::string_view what);

}  // namespace tamis::store
