// text/letter_case.hpp: lower case, one character at a time (no rule looks at the next one).
#pragma once

namespace tamis {

/// The one character whose lower case is two: "i" and U+0307.
inline constexpr char32_t kDottedI = 0x130;

/// As Unicode 17 has it; for kDottedI only the first of the two.
[[nodiscard]] char32_t lower_case(char32_t code) noexcept;

}  // namespace tamis
