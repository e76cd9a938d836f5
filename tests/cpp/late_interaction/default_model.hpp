// The embedded model, read by late interaction, and texts for it.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/late_interaction.hpp>

namespace test {

inline const tamis::LateInteraction& default_model() {
  static const auto loaded = tamis::LateInteraction::load(TAMIS_DEFAULT_MODEL);
  return loaded;
}

inline std::vector<std::string> random_texts(std::size_t count, unsigned seed) {
  static const std::vector<std::string> words{"treaty", "signed", "river", "the",  "of",
                                              "cell",   "energy", "city",  "1648", "naïve"};
  std::mt19937 random(seed);
  std::vector<std::string> texts(count);
  for (std::string& text : texts) {
    for (std::size_t i = random() % 40; i > 0; --i) text += words[random() % words.size()] + " ";
  }
  return texts;
}

inline std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace test
