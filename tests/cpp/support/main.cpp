// The program entry of every Catch2 test, compiled once. Catch2 v3 brings its own.
#ifndef TAMIS_CATCH2_V3
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
