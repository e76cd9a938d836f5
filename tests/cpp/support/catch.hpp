// Catch2 v2 or v3, whichever the machine has.
#pragma once

#ifdef TAMIS_CATCH2_V3
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
