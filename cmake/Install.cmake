# What `cmake --install` writes: headers, libraries, CMake files, the embedded models. All of it is in
# the install component `dev`; the Python modules have their own.
#
# The export sets are apart so that find_package(tamis COMPONENTS core) needs neither utf8proc nor
# torch. A library built without TAMIS_ENGINE, TAMIS_REMOTE, TAMIS_STORE or TAMIS_TORCH installs no such file, and the config
# says so.
include(CMakePackageConfigHelpers)
set(TAMIS_INSTALL_CMAKEDIR "${CMAKE_INSTALL_LIBDIR}/cmake/tamis")

foreach(part core engine remote store torch)
  if(TARGET tamis_${part})
    install(TARGETS tamis_${part} EXPORT tamis-${part}
            ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev
            FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev)
    install(EXPORT tamis-${part} NAMESPACE tamis:: DESTINATION "${TAMIS_INSTALL_CMAKEDIR}"
            COMPONENT dev)
  endif()
endforeach()

string(REPLACE "." "[.]" TAMIS_TORCH_MINOR_REGEX "${TAMIS_TORCH_MINOR}")
set(TAMIS_MODELS_DIR "${CMAKE_INSTALL_DATADIR}/tamis/models")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/tamisConfig.cmake.in" "${PROJECT_BINARY_DIR}/tamisConfig.cmake"
  INSTALL_DESTINATION "${TAMIS_INSTALL_CMAKEDIR}" PATH_VARS TAMIS_MODELS_DIR
  NO_SET_AND_CHECK_MACRO)
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(compatibility SameMinorVersion)
else()
  set(compatibility SameMajorVersion)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/tamisConfigVersion.cmake"
                                 COMPATIBILITY ${compatibility})
install(FILES "${PROJECT_BINARY_DIR}/tamisConfig.cmake"
              "${PROJECT_BINARY_DIR}/tamisConfigVersion.cmake"
        DESTINATION "${TAMIS_INSTALL_CMAKEDIR}" COMPONENT dev)
if(TAMIS_ENGINE)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/FindUtf8proc.cmake"
          DESTINATION "${TAMIS_INSTALL_CMAKEDIR}" COMPONENT dev)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/python/tamis/models/"
          DESTINATION "${TAMIS_MODELS_DIR}" COMPONENT dev)
endif()
if(EXISTS "${PROJECT_SOURCE_DIR}/LICENSE")
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/tamis" COMPONENT dev)
endif()
