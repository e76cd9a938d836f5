// tamis/cascade/trace.hpp: what a run did, stage by stage.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <tamis/text/utf8.hpp>

namespace tamis {

/// A candidate that left, and why.
struct Dropped {
  std::string id;
  std::string reason;
};

struct StageTrace {
  std::string name;
  std::size_t in = 0;      ///< candidates that came to the stage
  std::size_t scored = 0;  ///< of them; the others kept their order below
  std::size_t kept = 0;
  std::size_t tokens = 0;
  std::size_t truncated = 0;  ///< texts that were cut
  std::size_t duplicates = 0;
  std::optional<double> predicted_ms;  ///< before it started; nothing when it had never run
  double real_ms = 0;
  double dollars = 0;
  std::size_t attempts = 0;
  std::optional<std::string> skipped;  ///< why it did not run
  std::optional<std::string> cut;      ///< why it scored fewer than it was to
  std::string ran;                     ///< the fallback that ran in its place; empty: itself
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::vector<Dropped> dropped;
};

struct Trace {
  std::vector<StageTrace> stages;
  double total_ms = 0;

  /// Whether a stage failed, was cut short, or was skipped for another reason than that it was not
  /// needed.
  bool degraded = false;
};

namespace detail {

/// What is no UTF-8 becomes U+FFFD.
inline std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const DecodedChar next = decode_utf8(text, at);
    const char c = text[at];
    if (!next.valid) {
      out += "\\ufffd";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text.substr(at, next.size);
    }
    at += next.size;
  }
  return out + '"';
}

/// JSON has no infinity.
inline std::string number_of(std::optional<double> value) {
  return value && std::isfinite(*value) ? fmt::format("{}", *value) : "null";
}

inline std::string list_of(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    out += in_quotes(text);
  }
  return out + "]";
}

inline std::string json_of(const StageTrace& stage) {
  std::string dropped = "[";
  for (const Dropped& one : stage.dropped) {
    dropped += fmt::format("{}{{\"id\":{},\"reason\":{}}}", dropped.size() > 1 ? "," : "",
                           in_quotes(one.id), in_quotes(one.reason));
  }
  const auto text = [](const std::optional<std::string>& value) {
    return value ? in_quotes(*value) : std::string("null");
  };
  return fmt::format(
      "{{\"name\":{},\"in\":{},\"scored\":{},\"kept\":{},\"tokens\":{},\"truncated\":{},"
      "\"duplicates\":{},\"predicted_ms\":{},\"real_ms\":{},\"dollars\":{},\"attempts\":{},"
      "\"skipped\":{},\"cut\":{},\"ran\":{},\"errors\":{},\"warnings\":{},\"dropped\":{}]}}",
      in_quotes(stage.name), stage.in, stage.scored, stage.kept, stage.tokens, stage.truncated,
      stage.duplicates, number_of(stage.predicted_ms), number_of(stage.real_ms),
      number_of(stage.dollars), stage.attempts, text(stage.skipped), text(stage.cut),
      in_quotes(stage.ran), list_of(stage.errors), list_of(stage.warnings), dropped);
}

/// On one line, without what would move a terminal's cursor.
inline std::string printable(std::string text) {
  const auto controls = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  std::replace_if(text.begin(), text.end(), controls, ' ');
  return text;
}

inline std::string note_of(const StageTrace& stage) {
  if (stage.skipped) return fmt::format("skipped: {}", *stage.skipped);
  std::string note = stage.ran.empty() ? "" : fmt::format("by {} ", stage.ran);
  if (stage.truncated > 0) note += fmt::format("{} texts cut ", stage.truncated);
  return stage.cut ? fmt::format("{}cut short: {}", note, *stage.cut) : note;
}

}  // namespace detail

/// One object: {"total_ms", "degraded", "stages": [...]}, the names those of StageTrace.
[[nodiscard]] inline std::string to_json(const Trace& trace) {
  std::string stages;
  for (const StageTrace& stage : trace.stages) {
    if (!stages.empty()) stages += ',';
    stages += detail::json_of(stage);
  }
  return fmt::format("{{\"total_ms\":{},\"degraded\":{},\"stages\":[{}]}}", trace.total_ms,
                     trace.degraded, stages);
}

/// A line for each stage, for a person to read.
[[nodiscard]] inline std::string to_table(const Trace& trace) {
  std::string out = fmt::format("{:20} {:>6} {:>7} {:>6} {:>8} {:>9} {:>10} {:>9}\n", "stage", "in",
                                "scored", "kept", "tokens", "dollars", "expected", "ms");
  for (const StageTrace& stage : trace.stages) {
    out += fmt::format(
        "{:20} {:>6} {:>7} {:>6} {:>8} {:>9.4f} {:>10} {:>9.1f}  {}\n",
        detail::printable(stage.name), stage.in, stage.scored, stage.kept, stage.tokens,
        stage.dollars,
        stage.predicted_ms ? fmt::format("{:.1f}", *stage.predicted_ms) : std::string("-"),
        stage.real_ms, detail::printable(detail::note_of(stage)));
  }
  return out + fmt::format("{:20} {:>61.1f}{}\n", "total", trace.total_ms,
                           trace.degraded ? "  degraded" : "");
}

}  // namespace tamis
