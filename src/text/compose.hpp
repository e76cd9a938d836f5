// text/compose.hpp: canonical composition (The Unicode Standard, section 3.11).
#pragma once

#include "text/normalized_text.hpp"

namespace tamis {

/// `text` is decomposed, its marks in order.
template <bool kSpans>
[[nodiscard]] NormalizedText compose(const NormalizedText& text);

}  // namespace tamis
