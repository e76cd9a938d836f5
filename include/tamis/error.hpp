// tamis/error.hpp: what this library throws. Every message names the input, what is wrong and what
// to do.
//
//   try {
//     auto model = tamis::CrossEncoder::load("models/minilm");
//   } catch (const tamis::ModelError& error) {
//     std::cerr << error.what() << '\n';
//   }
#pragma once

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tamis {

/// The base of all that this library throws. Python: `tamis.Error`.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller's argument cannot be used. Python: `tamis.InvalidArgument` (a ValueError).
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A tokenizer file is missing, broken or of an unknown kind. Python: `tamis.TokenizerError`.
class TokenizerError : public Error {
 public:
  using Error::Error;
};

/// A model folder, bundle or weight file cannot be loaded. Python: `tamis.ModelError`.
class ModelError : public Error {
 public:
  using Error::Error;
};

/// The device asked for does not exist here, or cannot run this model. Python: `tamis.DeviceError`.
class DeviceError : public Error {
 public:
  using Error::Error;
};

/// A pair was longer than the model reads and the caller asked for an error. Python: a ValueError.
class TruncationError : public InvalidArgument {
 public:
  using InvalidArgument::InvalidArgument;
};

/// The model gave NaN or infinity for some pairs.
class NonFiniteScore : public Error {
 public:
  NonFiniteScore(const std::string& message, std::vector<std::size_t> indices)
      : Error(message), indices_(std::move(indices)) {}

  /// Indices into the caller's pairs.
  [[nodiscard]] const std::vector<std::size_t>& indices() const noexcept { return indices_; }

 private:
  std::vector<std::size_t> indices_;
};

/// A stage of a cascade failed and was to raise. Python: `tamis.StageError`.
class StageError : public Error {
 public:
  StageError(const std::string& message, std::string stage, std::exception_ptr cause)
      : Error(message), stage_(std::move(stage)), cause_(std::move(cause)) {}

  /// The stage's name.
  [[nodiscard]] const std::string& stage() const noexcept { return stage_; }
  /// What the stage threw last; null when it threw nothing.
  [[nodiscard]] const std::exception_ptr& cause() const noexcept { return cause_; }

 private:
  std::string stage_;
  std::exception_ptr cause_;
};

/// The work was cancelled by its caller.
class Cancelled : public Error {
 public:
  using Error::Error;
};

/// Throws `E` with a formatted message.
template <typename E, typename... Args>
[[noreturn]] void raise(fmt::format_string<Args...> format, Args&&... args) {
  throw E(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace tamis
