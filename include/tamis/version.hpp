// tamis/version.hpp: the one place that holds the version; CMake and pyproject.toml read it here.
#pragma once

#define TAMIS_VERSION_MAJOR 0
#define TAMIS_VERSION_MINOR 1
#define TAMIS_VERSION_PATCH 0
#define TAMIS_VERSION "0.1.0"
