# Options of the build. For a user who adds tamis to a larger project only the library exists.
include(CMakeDependentOption)

option(TAMIS_ENGINE "Build tamis::engine: tokenizers, weights, the CPU engine (default ON)" ON)
cmake_dependent_option(TAMIS_TORCH "Build tamis::torch; needs libtorch (default OFF)" OFF
                       "TAMIS_ENGINE" OFF)
find_package(CURL QUIET)
option(TAMIS_REMOTE "Build tamis::remote: stages that call out; needs libcurl (default: where it is found)"
       ${CURL_FOUND})
cmake_dependent_option(TAMIS_STORE "Build tamis::store: databases as the first stage (default: with TAMIS_REMOTE)"
                       ON "TAMIS_REMOTE" OFF)
find_package(SQLite3 3.35 QUIET)
find_package(PostgreSQL QUIET)
cmake_dependent_option(TAMIS_SQLITE "SQLite in tamis::store (default: where it is found)"
                       ${SQLite3_FOUND} "TAMIS_STORE" OFF)
cmake_dependent_option(TAMIS_POSTGRES "PostgreSQL in tamis::store; needs libpq (default: where it is found)"
                       ${PostgreSQL_FOUND} "TAMIS_STORE" OFF)
cmake_dependent_option(TAMIS_PYTHON "Build the Python modules (default OFF)" OFF "TAMIS_ENGINE" OFF)
option(TAMIS_INSTALL "Install headers, libraries and CMake files (default: top level only)"
       ${PROJECT_IS_TOP_LEVEL})
option(TAMIS_BUILD_TESTS "Build the tests (default OFF; presets turn it on)" OFF)
option(TAMIS_BUILD_BENCHMARKS "Build the benchmarks (default OFF)" OFF)
option(TAMIS_BUILD_FUZZERS "Build the fuzzers; needs clang (default OFF)" OFF)
option(TAMIS_BUILD_EXAMPLES "Build the examples (default OFF; presets turn it on)" OFF)
set(TAMIS_SANITIZE "" CACHE STRING "Sanitizers for all targets: address,undefined or thread")

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
  endif()
  find_program(TAMIS_CCACHE ccache)
  if(TAMIS_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER "${TAMIS_CCACHE}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${TAMIS_CCACHE}")
  endif()
endif()
if(TAMIS_SANITIZE)
  add_compile_options(-fsanitize=${TAMIS_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TAMIS_SANITIZE})
endif()
if(TAMIS_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
